"""MoBiNet: a binary MobileNet whose depthwise convolutions see several channels, with shortcuts in each block."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from larq_focal.nn import keras
from larq_focal.zoo.networks.methods import METHODS
from larq_focal.zoo.networks.parts import classified, float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_WIDTHS = (2, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32)
_HALVING = (2, 4, 6, 12)  # blocks that halve the map
_METHOD = METHODS["xnor"]

Shortcut = Literal["pre", "mid", "post"]


def mobinet(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    filters: int = 32,
    k: int = 4,
    shortcut: Shortcut = "mid",
) -> keras.Model:
    """Builds the network in MobileNet's shape; it returns logits ``[batch, num_classes]``.

    The stem and the classifier are real-valued; between them are 13 blocks of a binary 3x3 and a binary 1x1
    convolution, each normalised. Larq Compute Engine packs a 3x3 convolution only where ``k`` is a multiple of 32.

    The names of the shortcuts are the paper's; where each begins and ends, and how it becomes smaller (by a mean) and
    wider (side by side with itself), is this project's reading, which needs no weights.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.
        filters: Maps of the stem, as many as MobileNet's at 32.
        k: Input channels that each output of a 3x3 convolution sees ("K-dependency"): 1 for a depthwise one; where a
            layer has no more channels than that, it is a full convolution.
        shortcut: Around the 3x3 convolution ("pre"), around each of the two ("mid"), or around both together ("post").

    Raises:
        ValueError: ``weights`` or ``shortcut`` is not known, or ``k`` does not divide the channels.

    Source:
        Phan, Huynh, He, Savvides and Shen, "MoBiNet: A Mobile Binary Network for Image Classification", WACV 2020,
        https://arxiv.org/abs/1907.12629; the sizes are those of MobileNet, https://arxiv.org/abs/1704.04861.
    """
    if shortcut not in (known := ("pre", "mid", "post")):
        raise ValueError(f"No shortcut '{shortcut}' in MoBiNet: choose one of {', '.join(known)}.")
    image = layers.Input(input_shape, name="image")
    x = normalised(float_conv(image, filters, 3, "stem", strides=2), "stem_norm")
    for index, width in enumerate(_WIDTHS, 1):
        x = _block(x, filters * width, 2 if index in _HALVING else 1, k, shortcut, f"block_{index}")
    if include_top:
        x = classified(x, num_classes)
    return with_weights(keras.Model(image, x, name=f"mobinet_{shortcut}_k{k}"), weights)


def _block(x, maps: int, strides: int, k: int, shortcut: Shortcut, name: str):
    channels = x.shape[-1]
    seen = min(k, channels)
    if seen < 1 or channels % seen:
        raise ValueError(f"MoBiNet: k = {k} does not divide the {channels} channels of '{name}'.")
    start = x
    x = _METHOD.conv(channels, 3, strides=strides, padding="same", groups=channels // seen, name=f"{name}_conv_3x3")(x)
    x = normalised(x, f"{name}_norm_3x3")
    if shortcut != "post":
        x = layers.Add(name=f"{name}_add_3x3")([x, _fitted(start, strides, channels, f"{name}_3x3")])
    middle = x
    x = normalised(_METHOD.conv(maps, 1, name=f"{name}_conv_1x1")(x), f"{name}_norm_1x1")
    if shortcut == "mid":
        return layers.Add(name=f"{name}_add_1x1")([x, _fitted(middle, 1, maps, f"{name}_1x1")])
    if shortcut == "post":
        return layers.Add(name=f"{name}_add")([x, _fitted(start, strides, maps, name)])
    return x


def _fitted(x, strides: int, maps: int, name: str):
    """``x`` made smaller by a mean, and twice as wide by a second copy."""
    if strides > 1:
        x = layers.AveragePooling2D(strides, padding="same", name=f"{name}_mean")(x)
    return x if x.shape[-1] == maps else layers.Concatenate(name=f"{name}_twice")([x, x])

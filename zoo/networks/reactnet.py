"""ReActNet-A: MobileNet's shape out of binary 3x3 and 1x1 convolutions, each with a shortcut."""

from __future__ import annotations

from pathlib import Path

from larq_focal.layers import RPReLU
from larq_focal.nn import keras
from larq_focal.zoo.networks.methods import METHODS, Method, named_method
from larq_focal.zoo.networks.parts import classified, float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_WIDTHS = (1, 2, 4, 4, 8, 8, *[16] * 6, 32, 32)
"""Channels of the stem and of each block, in units of the stem's."""


def reactnet_a(
    method: str | Method = METHODS["react"],
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    filters: int = 32,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``.

    A block is a binary 3x3 convolution and a binary 1x1 convolution. Where the channels double there are two of the
    latter side by side, so that each keeps its shortcut. Each has a sign of its own, where the authors' two share one:
    29,344,584 parameters for their 29,343,592. The stem and the classifier are real-valued.

    Args:
        method: A key of ``METHODS``, or a method of your own.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.
        filters: Channels of the stem.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.

    Source:
        Liu, Shen, Savvides and Cheng, "ReActNet: Towards Precise Binary Neural Network with Generalized Activation
        Functions", ECCV 2020, https://arxiv.org/abs/2003.03488; https://github.com/liuzechun/ReActNet, mobilenet.
    """
    method = named_method(method)
    image = layers.Input(input_shape, name="image")
    x = normalised(float_conv(image, filters, 3, "stem", strides=2), "stem_norm")
    for number, width in enumerate(_WIDTHS[1:], 1):
        widens = filters * width != x.shape[-1]
        x = _block(x, method, widens, 2 if widens and number > 1 else 1, f"block_{number}")
    if include_top:
        x = classified(x, num_classes)
    return with_weights(keras.Model(image, x, name=f"reactnet_a_{method.name}"), weights)


def _block(x, method: Method, widens: bool, strides: int, name: str):
    channels = x.shape[-1]
    y = method.conv(channels, 3, strides=strides, padding="same", name=f"{name}_conv")(x)
    if strides > 1:
        x = layers.AveragePooling2D(strides, padding="same", name=f"{name}_mean")(x)
    y = layers.Add(name=f"{name}_add")([normalised(y, f"{name}_norm"), x])
    x = RPReLU(name=f"{name}_activation")(y)
    halves = [_pointwise(x, method, f"{name}_point_{index}") for index in range(1, 3 if widens else 2)]
    x = layers.Concatenate(name=f"{name}_widen")(halves) if widens else halves[0]
    return RPReLU(name=f"{name}_point_activation")(x)


def _pointwise(x, method: Method, name: str):
    y = method.conv(x.shape[-1], 1, name=name)(x)
    return layers.Add(name=f"{name}_add")([normalised(y, f"{name}_norm"), x])

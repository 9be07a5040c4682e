"""BoolNet: a residual network whose maps, shortcuts and merges are Boolean, each map in several slices of signs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from larq_focal.layers import GhostSign
from larq_focal.nn import MagnitudeAwareSign, SteSign, keras, ops
from larq_focal.zoo.networks.methods import Method
from larq_focal.zoo.networks.parts import classified, float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_WIDTHS = (1, 2, 4, 8)
_METHOD = Method("boolnet", "BoolNet", SteSign, MagnitudeAwareSign)


def boolnet(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    filters: int = 64,
    slices: int = 4,
    split: bool = True,
    dilated: bool = False,
) -> keras.Model:
    """Builds the network in ResNet-18's shape; it returns logits ``[batch, num_classes]``.

    The stem, the last block's sum and the classifier are real-valued; between them every map is signs. Unlike the
    authors' it pads with +1, where they repeat the edge, so that the convolutions convert, and it trains its kernels
    through the sign from the start, where they harden a ``hard_tanh`` step by step. "BoolNet" moves the zero point of
    its first sign from pixel to pixel, by a real-valued depthwise convolution.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.
        filters: Channels of the first stage; each later one has twice as many.
        slices: Signs for each value of a map: 1, or an even number.
        split: Whether a block works on half of the channels and shuffles them ("BoolNet"), or on all ("BaseNet").
        dilated: Whether the last stage keeps the map's size and spreads its last kernels in place of that ("BoolNet*").

    Raises:
        ValueError: ``weights`` is not known, or ``slices`` is another odd number.

    Source:
        Guo, Bethge, Yang, Zhong, Ning, Meinel and Wang, "BoolNet: Minimizing The Energy Consumption of Binary Neural
        Networks", 2021, https://arxiv.org/abs/2106.06991; https://github.com/hpi-xnor/BoolNet. As in the runs
        published there, only the first sign has an adaptive zero point.
    """
    image = layers.Input(input_shape, name="image")
    x = normalised(float_conv(image, filters, 7, "stem", strides=2), "stem_norm")
    x = layers.MaxPool2D(3, strides=2, padding="same", name="stem_pool")(x)
    x = _with_adaptive_zero_point(x) if split else normalised(x, "stem_pool_norm")
    x, kept = GhostSign(slices, name="stem_sign")(x), None
    for stage, width in enumerate(_WIDTHS, 1):
        last_stage = stage == len(_WIDTHS)
        keeps_size = stage == 1 or (dilated and last_stage)
        for block in (1, 2):
            last = last_stage and block == 2
            shape = _Shape(filters * width, slices, 1 if keeps_size or block == 2 else 2, 2 if dilated and last else 1)
            x, kept = _block(x, kept, shape, split, last, f"block_{stage}_{block}")
    x = layers.PReLU(shared_axes=[1, 2], name="prelu")(x)
    if include_top:
        x = classified(x, num_classes)
    name = f"{'boolnet' if split else 'basenet'}_{slices}{'_star' if dilated else ''}"
    return with_weights(keras.Model(image, x, name=name), weights)


@dataclass(frozen=True)
class _Shape:
    """What makes one block differ from another: its maps, the signs of each, and where its kernels lie."""

    maps: int
    slices: int
    strides: int
    dilation: int


def _with_adaptive_zero_point(x):
    """A map, normalised, plus what a real-valued depthwise convolution makes of it as the zero point of each pixel."""
    zero = normalised(x, "stem_zero_norm_1")
    zero = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="stem_zero")(zero)
    return layers.Add(name="stem_add")([normalised(x, "stem_pool_norm"), normalised(zero, "stem_zero_norm_2")])


def _block(x, kept, shape: _Shape, split: bool, last: bool, name: str):
    """One block; ``x`` and ``kept`` are signs ``[..., slices * channels]``, the channels it works on and the others."""
    slices, residual = shape.slices, x
    if x.shape[-1] != slices * shape.maps:
        if split:
            x = _by_slice([x, kept], slices)
        residual, kept = _wider(x, shape, name), None
    y = _sliced_conv(x, shape, shape.strides, f"{name}_conv_1")
    y = layers.Multiply(name=f"{name}_xnor")([GhostSign(slices, name=f"{name}_sign_1")(y), residual])
    z = _sliced_conv(y, shape, 1, f"{name}_conv_2")
    if last:
        mean = layers.Average(name=f"{name}_mean")(ops.split(y, slices, axis=-1)) if slices > 1 else y
        return layers.Add(name=f"{name}_add")([z, normalised(mean, f"{name}_mean_norm")]), None
    either = _either(GhostSign(slices, name=f"{name}_sign_2")(z), residual)
    if not split:
        return either, None
    return _shuffled(either, residual if kept is None else kept, slices)


def _sliced_conv(x, shape: _Shape, strides: int, name: str):
    """A binary convolution with a group for each slice, normalised."""
    where = {"strides": strides, "dilation_rate": shape.dilation, "padding": "same", "groups": shape.slices}
    return normalised(_METHOD.conv(shape.maps, 3, name=name, **where)(x), f"{name}_norm")


def _wider(x, shape: _Shape, name: str):
    """The residual of a block with other maps than before: a binary 1x1 convolution, a pool by its strides, signs."""
    x = _METHOD.conv(shape.maps, 1, name=f"{name}_shortcut")(x)
    if shape.strides > 1:
        x = layers.MaxPool2D(shape.strides, padding="same", name=f"{name}_pool")(x)
    return GhostSign(shape.slices, name=f"{name}_shortcut_sign")(normalised(x, f"{name}_shortcut_norm"))


def _either(a, b):
    """OR of signs, in the form whose gradient is the authors'."""
    return ops.clip(a + b + 1.0, -1.0, 1.0)


def _by_slice(signs: list, slices: int):
    """Joins the channels of several maps, slice by slice."""
    parts = [ops.split(each, slices, axis=-1) if slices > 1 else [each] for each in signs]
    return ops.concatenate([part for same_slice in zip(*parts, strict=True) for part in same_slice], axis=-1)


def _shuffled(a, b, slices: int):
    """Two maps with half of the channels of each, slice by slice: the authors' shuffle up to the order of channels."""
    halves = [ops.split(each, 2 * slices, axis=-1) for each in (a, b)]
    return tuple(
        ops.concatenate(
            [part for index in range(start, 2 * slices, 2) for part in (halves[0][index], halves[1][index])], -1
        )
        for start in (0, 1)
    )

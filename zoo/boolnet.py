"""BoolNet: a residual network whose maps, shortcuts and merges are Boolean, each map in several slices of signs."""

from __future__ import annotations

from pathlib import Path

from larq_focal.keras import keras, larq, tf
from larq_focal.layers import GhostSign
from larq_focal.zoo.methods import Method
from larq_focal.zoo.parts import classified, float_conv, normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_WIDTHS = (1, 2, 4, 8)
_METHOD = Method("boolnet", "BoolNet", larq.quantizers.SteSign, larq.quantizers.MagnitudeAwareSign)


def boolnet(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    filters: int = 64,
    slices: int = 4,
    split: bool = True,
) -> keras.Model:
    """Builds the network in ResNet-18's shape; it returns logits ``[batch, num_classes]``.

    The stem, the last block's sum and the classifier are real-valued; between them every map is signs. Unlike the
    authors' it pads with +1, where they repeat the edge, so that the convolutions convert, and it trains its kernels
    through the sign from the start, where they harden a ``hard_tanh`` step by step.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5).
        num_classes: Number of logits.
        include_top: Whether the mean over space and the classifier are there.
        filters: Channels of the first stage; each later one has twice as many.
        slices: Signs for each value of a map: 1, or an even number.
        split: Whether a block works on half of the channels and shuffles them ("BoolNet"), or on all ("BaseNet").

    Raises:
        ValueError: ``weights`` is not known, or ``slices`` is another odd number.

    Source:
        Guo, Bethge, Yang, Zhong, Ning, Meinel and Wang, "BoolNet: Minimizing The Energy Consumption of Binary Neural
        Networks", 2021, https://arxiv.org/abs/2106.06991; https://github.com/hpi-xnor/BoolNet. Its variant with an
        adaptive zero point is not here.
    """
    image = layers.Input(input_shape, name="image")
    x = normalised(float_conv(image, filters, 7, "stem", strides=2), "stem_norm")
    x = normalised(layers.MaxPool2D(3, strides=2, padding="same", name="stem_pool")(x), "stem_pool_norm")
    x, kept = GhostSign(slices, name="stem_sign")(x), None
    for stage, width in enumerate(_WIDTHS, 1):
        for block in (1, 2):
            last = stage == len(_WIDTHS) and block == 2
            x, kept = _block(x, kept, filters * width, slices, split, last, f"block_{stage}_{block}")
    x = layers.PReLU(shared_axes=[1, 2], name="prelu")(x)
    if include_top:
        x = classified(x, num_classes)
    kind = "boolnet" if split else "basenet"
    return with_weights(keras.Model(image, x, name=f"{kind}_{slices}"), weights)


def _block(x, kept, maps: int, slices: int, split: bool, last: bool, name: str):
    """One block; ``x`` and ``kept`` are signs ``[..., slices * channels]``, the channels it works on and the others."""
    residual, strides = x, 1
    if x.shape[-1] != slices * maps:
        strides = 2
        if split:
            x = _by_slice([x, kept], slices)
        residual, kept = _smaller(x, maps, slices, name), None
    y = _sliced_conv(x, maps, slices, strides, f"{name}_conv_1")
    y = layers.Multiply(name=f"{name}_xnor")([GhostSign(slices, name=f"{name}_sign_1")(y), residual])
    z = _sliced_conv(y, maps, slices, 1, f"{name}_conv_2")
    if last:
        mean = layers.Average(name=f"{name}_mean")(tf.split(y, slices, axis=-1)) if slices > 1 else y
        return layers.Add(name=f"{name}_add")([z, normalised(mean, f"{name}_mean_norm")]), None
    either = _either(GhostSign(slices, name=f"{name}_sign_2")(z), residual)
    if not split:
        return either, None
    return _shuffled(either, residual if kept is None else kept, slices)


def _sliced_conv(x, maps: int, slices: int, strides: int, name: str):
    """A binary convolution with a group for each slice, normalised."""
    x = _METHOD.conv(maps, 3, strides=strides, padding="same", groups=slices, name=name)(x)
    return normalised(x, f"{name}_norm")


def _smaller(x, maps: int, slices: int, name: str):
    """The residual of a block that halves the map: a binary 1x1 convolution, a pool, signs."""
    x = layers.MaxPool2D(2, padding="same", name=f"{name}_pool")(_METHOD.conv(maps, 1, name=f"{name}_shortcut")(x))
    return GhostSign(slices, name=f"{name}_shortcut_sign")(normalised(x, f"{name}_shortcut_norm"))


def _either(a, b):
    """OR of signs, in the form whose gradient is the authors'."""
    return tf.clip_by_value(a + b + 1.0, -1.0, 1.0)


def _by_slice(signs: list, slices: int):
    """Joins the channels of several maps, slice by slice."""
    parts = [tf.split(each, slices, axis=-1) if slices > 1 else [each] for each in signs]
    return tf.concat([part for same_slice in zip(*parts, strict=True) for part in same_slice], axis=-1)


def _shuffled(a, b, slices: int):
    """Two maps with half of the channels of each, slice by slice: the authors' shuffle up to the order of channels."""
    halves = [tf.split(each, 2 * slices, axis=-1) for each in (a, b)]
    return tuple(
        tf.concat([part for index in range(start, 2 * slices, 2) for part in (halves[0][index], halves[1][index])], -1)
        for start in (0, 1)
    )

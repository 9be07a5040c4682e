"""Parts that several networks share."""

from __future__ import annotations

from larq_focal.nn import keras, ops

layers = keras.layers


def normalised(x, name: str, **options):
    """``x`` after a batch normalisation whose statistics settle within a few hundred steps."""
    return layers.BatchNormalization(name=name, **{"momentum": 0.9, **options})(x)


def float_conv(x, filters: int, kernel_size, name: str, **options):
    """``x`` after a real-valued convolution without bias that keeps the size of the map."""
    return layers.Conv2D(filters, kernel_size, name=name, **{"padding": "same", "use_bias": False, **options})(x)


def classified(x, num_classes: int):
    """The logits of a map ``x``: its mean over space, then a real-valued dense layer."""
    return layers.Dense(num_classes, name="classifier")(layers.GlobalAveragePooling2D(name="mean")(x))


def channel_padded(x, before: int, after: int, value: float = 0.0):
    """``x`` with so many constant maps before and after its own."""
    if not before and not after:
        return x
    return ops.pad(x, ((0, 0), (0, 0), (0, 0), (before, after)), constant_values=value)

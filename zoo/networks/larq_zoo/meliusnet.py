"""MeliusNet22."""

from __future__ import annotations

from pathlib import Path

from larq_focal.nn import QuantConv2D, keras, ops
from larq_focal.zoo.networks.larq_zoo.parts import clipped_signs, mean_over_space, probabilities
from larq_focal.zoo.networks.parts import channel_padded
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_NEW_MAPS = 64


def meliusnet22(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """MeliusNet-22: pairs of binary convolutions, of which one adds maps and the other improves them.

    It returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1].
        num_classes: Number of classes.
        include_top: Whether the mean over space and the classifier are there.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Bethge et al., "MeliusNet: Can Binary Neural Networks Achieve MobileNet-level Accuracy?", 2020,
        https://arxiv.org/abs/2001.05936; https://github.com/larq/zoo, larq_zoo/literature/meliusnet.py.
    """
    image = layers.Input(input_shape)
    x = _stem(image)
    for section, (blocks, filters) in enumerate(((4, 160), (5, 224), (4, 256), (4, None))):
        for block in range(blocks):
            x = _dense_block(x, f"section_{section}_block_{block}_dense")
            x = _improvement_block(x, f"section_{section}_block_{block}_improve")
        if filters:
            x = _transition(x, filters, f"section_{section}_transition")
    x = _activated(_normalised(x, "head_bn"), "head_relu")
    if include_top:
        x = mean_over_space(x, "head_globalpool")
        x = layers.Dense(num_classes, kernel_initializer="glorot_normal", name="head_dense")(x)
        x = probabilities(x, "head_softmax")
    return with_weights(keras.Model(image, x, name="meliusnet22"), weights)


def _normalised(x, name: str):
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)


def _activated(x, name: str):
    return layers.Activation("relu", name=name)(x)


def _conv(x, filters: int, kernel_size: int, name: str, **options):
    options = {"padding": "same", "use_bias": False, "kernel_initializer": "glorot_normal", **options}
    return layers.Conv2D(filters, kernel_size, name=name, **options)(x)


def _stem(image):
    x = _conv(image, 32, 3, "stem_s0_conv", strides=2)
    x = _activated(_normalised(x, "stem_s0_bn"), "stem_s0_relu")
    for step, filters, groups in ((1, 32, 4), (2, 64, 8)):
        name = f"stem_s{step}_groupconv"
        parts = ops.split(x, groups, axis=-1)
        parts = [_conv(part, filters // groups, 3, f"{name}_conv{place}") for place, part in enumerate(parts)]
        x = layers.Concatenate(name=f"{name}_concat")(parts)
        x = _activated(_normalised(x, f"stem_s{step}_bn"), f"stem_s{step}_relu")
    return layers.MaxPool2D(2, strides=2, padding="same", name="stem_pool")(x)


def _new_maps(x, name: str):
    options = {"use_bias": False, "kernel_initializer": "glorot_normal", **clipped_signs(1.3)}
    return QuantConv2D(_NEW_MAPS, 3, padding="same", name=f"{name}_binconv", **options)(_normalised(x, f"{name}_bn"))


def _dense_block(x, name: str):
    return layers.Concatenate(name=f"{name}_concat")([x, _new_maps(x, name)])


def _improvement_block(x, name: str):
    """Adds to the last maps, which the dense block before it made."""
    improved = channel_padded(_new_maps(x, name), x.shape[-1] - _NEW_MAPS, 0)
    return layers.Add(name=f"{name}_merge")([x, improved])


def _transition(x, filters: int, name: str):
    x = _normalised(x, f"{name}_bn")
    x = layers.MaxPool2D(2, strides=2, padding="same", name=f"{name}_maxpool")(x)
    return _conv(_activated(x, f"{name}_relu"), filters, 1, f"{name}_pw")

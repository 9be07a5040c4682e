"""BinaryResNetE18."""

from __future__ import annotations

from pathlib import Path

from larq_focal.nn import QuantConv2D, keras
from larq_focal.zoo.networks.larq_zoo.parts import (
    clipped_signs,
    mean_over_space,
    probabilities,
    stem_of_residual_networks,
)
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_NORM = {"momentum": 0.9, "epsilon": 1e-5}


def binary_resnet_e18(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """ResNetE-18: 16 binary 3x3 convolutions, each with a shortcut; it returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1]; below 50 pixels it begins with a 3x3 convolution.
        num_classes: Number of classes.
        include_top: Whether the mean over space and the classifier are there.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Bethge et al., "Back to Simplicity: How to Train Accurate BNNs from Scratch?", 2019,
        https://arxiv.org/abs/1906.08637; https://github.com/larq/zoo, larq_zoo/literature/resnet_e.py.
    """
    image = layers.Input(input_shape)
    x = stem_of_residual_networks(image, **_NORM, last_norm=True)
    for filters in (64, 128, 256, 512):
        for _ in range(4):
            x = _block(x, filters)
    x = layers.Activation("relu")(x)
    if include_top:
        x = layers.Dense(num_classes, kernel_initializer="glorot_normal")(mean_over_space(x))
        x = probabilities(x)
    return with_weights(keras.Model(image, x, name="binary_resnet_e_18"), weights)


def _block(x, filters: int):
    options = {"kernel_initializer": "glorot_normal", "use_bias": False}
    shortcut, strides = x, 1
    if x.shape[-1] != filters:
        strides = 2
        shortcut = layers.Conv2D(filters, 1, **options)(layers.AveragePooling2D(2, strides=2)(x))
        shortcut = layers.BatchNormalization(**_NORM)(shortcut)
    x = QuantConv2D(filters, 3, strides=strides, padding="same", **clipped_signs(1.25), **options)(x)
    return layers.Add()([layers.BatchNormalization(**_NORM)(x), shortcut])

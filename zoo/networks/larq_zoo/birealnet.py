"""Bi-Real Net-18."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.nn import QuantConv2D, keras
from larq_focal.zoo.networks.larq_zoo.parts import mean_over_space, probabilities
from larq_focal.zoo.weights import with_weights

layers = keras.layers


def birealnet18(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    input_quantizer: Any = "approx_sign",
    name: str = "birealnet18",
) -> keras.Model:
    """Bi-Real Net-18: 16 binary 3x3 convolutions, each with a shortcut; it returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1].
        num_classes: Number of classes.
        include_top: Whether the mean over space and the classifier are there.
        input_quantizer: Of the binary convolutions.
        name: Of the model.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Liu et al., "Bi-Real Net", ECCV 2018, https://arxiv.org/abs/1808.00278; https://github.com/larq/zoo,
        larq_zoo/literature/birealnet.py.
    """
    image = layers.Input(input_shape)
    x = layers.Conv2D(64, 7, strides=2, padding="same", kernel_initializer="glorot_normal", use_bias=False)(image)
    x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.MaxPool2D(3, strides=2, padding="same")(x)
    for filters in (64, 128, 256, 512):
        for _ in range(4):
            x = _block(x, filters, input_quantizer)
    if include_top:
        x = probabilities(layers.Dense(num_classes)(mean_over_space(x)))
    return with_weights(keras.Model(image, x, name=name), weights)


def _block(x, filters: int, input_quantizer):
    options = {"kernel_initializer": "glorot_normal", "use_bias": False}
    shortcut, strides = x, 1
    if x.shape[-1] != filters:
        strides = 2
        shortcut = layers.AveragePooling2D(2, strides=2, padding="same")(x)
        shortcut = layers.BatchNormalization(momentum=0.8)(layers.Conv2D(filters, 1, **options)(shortcut))
    x = QuantConv2D(
        filters,
        3,
        strides=strides,
        padding="same",
        input_quantizer=input_quantizer,
        kernel_quantizer="magnitude_aware_sign",
        kernel_constraint="weight_clip",
        **options,
    )(x)
    return layers.Add()([layers.BatchNormalization(momentum=0.8)(x), shortcut])

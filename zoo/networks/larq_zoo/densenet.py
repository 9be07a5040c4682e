"""BinaryDenseNet28, 37, 45, and 37 with dilations."""

from __future__ import annotations

from dataclasses import dataclass
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
_GROWTH = 64


@dataclass(frozen=True)
class _Shape:
    """What makes one BinaryDenseNet differ from another.

    Attributes:
        name: Of the model.
        layers: Binary convolutions of each stage.
        reduction: By what the number of maps is divided after each stage but the last.
        dilation: Of each stage's convolutions; a stage with one keeps the size of the map before it.
    """

    name: str
    layers: tuple[int, int, int, int]
    reduction: tuple[float, float, float]
    dilation: tuple[int, int, int, int] = (1, 1, 1, 1)


_28 = _Shape("binary_densenet28", (6, 6, 6, 5), (2.7, 2.7, 2.2))
_37 = _Shape("binary_densenet37", (6, 8, 12, 6), (3.3, 3.3, 4))
_37_DILATED = _Shape("binary_densenet37_dilated", (6, 8, 12, 6), (3.3, 3.3, 4), (1, 1, 2, 4))
_45 = _Shape("binary_densenet45", (6, 12, 14, 8), (2.7, 3.3, 4))


def binary_densenet28(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """BinaryDenseNet-28: four stages of binary convolutions, each of which sees all maps before it.

    It returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1]; below 50 pixels it begins with a 3x3 convolution.
        num_classes: Number of classes.
        include_top: Whether the mean over space and the classifier are there.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Bethge et al., "Back to Simplicity: How to Train Accurate BNNs from Scratch?", 2019,
        https://arxiv.org/abs/1906.08637; https://github.com/larq/zoo, larq_zoo/literature/densenet.py.
    """
    return _network(_28, weights, input_shape, num_classes, include_top)


def binary_densenet37(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """BinaryDenseNet-37; arguments as :func:`binary_densenet28`."""
    return _network(_37, weights, input_shape, num_classes, include_top)


def binary_densenet37_dilated(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """BinaryDenseNet-37 with dilated convolutions on larger maps; arguments as :func:`binary_densenet28`."""
    return _network(_37_DILATED, weights, input_shape, num_classes, include_top)


def binary_densenet45(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """BinaryDenseNet-45; arguments as :func:`binary_densenet28`."""
    return _network(_45, weights, input_shape, num_classes, include_top)


def _network(shape: _Shape, weights, input_shape, num_classes: int, include_top: bool) -> keras.Model:
    image = layers.Input(input_shape)
    x = stem_of_residual_networks(image, **_NORM, last_norm=False)
    for stage, convolutions in enumerate(shape.layers):
        if stage:
            x = _transition(x, shape.reduction[stage - 1], smaller=shape.dilation[stage] == 1)
        for _ in range(convolutions):
            x = _dense_block(x, shape.dilation[stage])
    x = layers.Activation("relu")(layers.BatchNormalization(**_NORM)(x))
    if include_top:
        x = probabilities(layers.Dense(num_classes, kernel_initializer="he_normal")(mean_over_space(x)))
    return with_weights(keras.Model(image, x, name=shape.name), weights)


def _dense_block(x, dilation: int):
    y = layers.BatchNormalization(**_NORM)(x)
    y = QuantConv2D(
        _GROWTH,
        3,
        dilation_rate=dilation,
        padding="same",
        kernel_initializer="glorot_normal",
        use_bias=False,
        **clipped_signs(1.3),
    )(y)
    return layers.Concatenate()([x, y])


def _transition(x, reduction: float, smaller: bool):
    filters = round(x.shape[-1] // reduction / 32) * 32
    x = layers.BatchNormalization(**_NORM)(x)
    if smaller:
        x = layers.MaxPool2D(2, strides=2)(x)
    x = layers.Activation("relu")(x)
    return layers.Conv2D(filters, 1, kernel_initializer="he_normal", use_bias=False)(x)

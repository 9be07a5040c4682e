"""BinaryAlexNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.nn import QuantConv2D, keras
from larq_focal.zoo.networks.larq_zoo.parts import probabilities
from larq_focal.zoo.weights import with_weights

layers = keras.layers


def binary_alexnet(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    input_quantizer: Any = "ste_sign",
    name: str = "binary_alexnet",
) -> keras.Model:
    """AlexNet with binary kernels everywhere and binary inputs from the second layer on; it returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1].
        num_classes: Number of classes.
        include_top: Whether the three dense layers are there.
        input_quantizer: Of all layers but the first.
        name: Of the model.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Hubara et al., "Binarized Neural Networks", NeurIPS 2016,
        https://papers.nips.cc/paper/6573-binarized-neural-networks; https://github.com/larq/zoo,
        larq_zoo/literature/binary_alex_net.py.
    """
    image = layers.Input(input_shape)
    x = _block(image, 64, 11, None, strides=4, pool=True)
    x = _block(x, 192, 5, input_quantizer, pool=True)
    x = _block(x, 384, 3, input_quantizer)
    x = _block(x, 384, 3, input_quantizer)
    x = _block(x, 256, 3, input_quantizer, pool=True)
    if include_top:
        x = layers.Reshape((1, 1, -1))(x)
        for units in (4096, 4096, num_classes):
            x = _block(x, units, 1, input_quantizer)
        x = probabilities(layers.Flatten()(x))
    return with_weights(keras.Model(image, x, name=name), weights)


def _block(x, filters: int, kernel_size: int, input_quantizer, strides: int = 1, pool: bool = False):
    x = QuantConv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        input_quantizer=input_quantizer,
        kernel_quantizer="ste_sign",
        kernel_constraint="weight_clip",
        use_bias=False,
    )(x)
    if pool:
        x = layers.MaxPool2D(3, strides=2)(x)
    return layers.BatchNormalization(scale=False, momentum=0.9)(x)

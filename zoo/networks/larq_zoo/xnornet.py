"""XNOR-Net on AlexNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.nn import QuantConv2D, Quantizer, is_within, keras, ops, register, with_gradient
from larq_focal.quantizers import sign
from larq_focal.zoo.networks.larq_zoo.parts import probabilities
from larq_focal.zoo.weights import with_weights

layers = keras.layers


@with_gradient(lambda x: is_within(x, 1))
def _clipped_sign(x):
    return sign(x)


@register()
class ClippedXnorSign(Quantizer):
    """Signs of weights times the mean magnitude of their output channel, weights clipped to [-1, 1].

    The gradient passes through the mean as well. Kernels ``[height, width, channels, filters]`` in and out.

    Args:
        **kwargs: As for any Keras layer.
    """

    precision = 1

    def call(self, inputs):
        clipped = ops.clip(inputs, -1.0, 1.0)
        return ops.mean(ops.abs(clipped), axis=(0, 1, 2), keepdims=True) * _clipped_sign(clipped)


def xnornet(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
    input_quantizer: Any = "ste_sign",
    name: str = "xnornet",
) -> keras.Model:
    """XNOR-Net: AlexNet with binary convolutions and a binary hidden layer; it returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1].
        num_classes: Number of classes.
        include_top: Whether the hidden layer and the classifier are there.
        input_quantizer: Of the binary convolutions.
        name: Of the model.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Rastegari et al., "XNOR-Net", ECCV 2016, https://arxiv.org/abs/1603.05279; https://github.com/larq/zoo,
        larq_zoo/literature/xnornet.py.
    """
    image = layers.Input(input_shape)
    decay = keras.regularizers.L2(5e-7)
    x = layers.Conv2D(96, 11, strides=4, padding="same", use_bias=False, kernel_regularizer=decay)(image)
    x = layers.Activation("relu")(_normalised(x, 1e-5))
    x = _normalised(_pooled(x))
    x = _normalised(_pooled(_binary(x, 256, 5, input_quantizer)))
    x = _normalised(_binary(x, 384, 3, input_quantizer))
    x = _normalised(_binary(x, 384, 3, input_quantizer))
    x = _normalised(_pooled(_binary(x, 256, 3, input_quantizer)))
    x = _normalised(_binary(x, 4096, 6, input_quantizer, padding="valid"))
    if include_top:
        x = _normalised(_binary(x, 4096, 1, input_quantizer), 1e-3)
        x = layers.Flatten()(layers.Activation("relu")(x))
        x = probabilities(layers.Dense(num_classes, use_bias=False, kernel_regularizer=decay)(x))
    return with_weights(keras.Model(image, x, name=name), weights)


def _normalised(x, epsilon: float = 1e-4):
    return layers.BatchNormalization(momentum=0.9, scale=False, epsilon=epsilon)(x)


def _pooled(x):
    return layers.MaxPool2D(3, strides=2)(x)


def _binary(x, filters: int, kernel_size: int, input_quantizer, padding: str = "same"):
    return QuantConv2D(
        filters,
        kernel_size,
        padding=padding,
        input_quantizer=input_quantizer,
        kernel_quantizer=ClippedXnorSign(),
        kernel_constraint="weight_clip",
        kernel_regularizer=keras.regularizers.L2(5e-7),
        use_bias=False,
    )(x)

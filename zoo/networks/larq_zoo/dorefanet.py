"""DoReFa-Net on AlexNet."""

from __future__ import annotations

from pathlib import Path

from larq_focal.nn import (
    DoReFa,
    QuantConv2D,
    QuantDense,
    Quantizer,
    keras,
    needs_no_constraint,
    ops,
    register,
    straight_through,
)
from larq_focal.quantizers import sign
from larq_focal.zoo.networks.larq_zoo.parts import probabilities
from larq_focal.zoo.weights import with_weights

layers = keras.layers


@straight_through
def _scaled_sign(x):
    return sign(x) * ops.mean(ops.abs(x))


@register()
class KernelMeanSign(Quantizer):
    """Signs of weights times the mean magnitude of the kernel; the gradient is that of the identity.

    Args:
        **kwargs: As for any Keras layer.

    Source:
        Zhou et al., "DoReFa-Net", 2016, https://arxiv.org/abs/1606.06160, section 2.2.
    """

    precision = 1

    def call(self, inputs):
        return _scaled_sign(inputs)


needs_no_constraint(KernelMeanSign)


def dorefanet(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    num_classes: int = 1000,
    include_top: bool = True,
) -> keras.Model:
    """DoReFa-Net: AlexNet with binary kernels and inputs of two bits; it returns probabilities.

    Args:
        weights: None for random ones, or the path of a weights file; those that larq-zoo writes end in ".h5".
        input_shape: ``(height, width, channels)``, pixels in [-1, 1].
        num_classes: Number of classes.
        include_top: Whether the hidden layers and the classifier are there.

    Raises:
        ValueError: ``weights`` is not known or does not fit.

    Source:
        Zhou et al., "DoReFa-Net", 2016, https://arxiv.org/abs/1606.06160; https://github.com/larq/zoo,
        larq_zoo/literature/dorefanet.py.
    """
    image = layers.Input(input_shape)
    x = layers.Conv2D(96, 12, strides=4)(image)
    x = layers.MaxPool2D(3, strides=2, padding="same")(_convolved(x, 256, 5))
    x = layers.MaxPool2D(3, strides=2, padding="same")(_convolved(x, 384, 3))
    x = _convolved(x, 384, 3)
    x = layers.MaxPool2D(3, strides=2)(_convolved(x, 256, 3))
    if include_top:
        x = layers.Flatten()(x)
        for _ in range(2):
            x = _normalised(QuantDense(4096, use_bias=False, **_quantizers())(x))
        x = probabilities(layers.Dense(num_classes)(layers.ReLU(max_value=1.0)(x)))
    return with_weights(keras.Model(image, x, name="dorefanet"), weights)


def _quantizers():
    return {"input_quantizer": DoReFa(k_bit=2), "kernel_quantizer": KernelMeanSign()}


def _convolved(x, filters: int, kernel_size: int):
    return _normalised(QuantConv2D(filters, kernel_size, padding="same", use_bias=False, **_quantizers())(x))


def _normalised(x):
    return layers.BatchNormalization(scale=False, momentum=0.9, epsilon=1e-4)(x)

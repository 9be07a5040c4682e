"""The two-layer convolutional network of focal-plane studies, in full precision and binary by several methods.

Two 3x3 convolutions with batch normalisation, a 2x2 max-pool and a dense classifier. In the binary networks the
image, both feature maps and both kernels are single bits, so that the features which leave the sensor are bits too;
the classifier keeps real weights. One-padding keeps every convolution packed after conversion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import larq

from larq_focal.keras import keras
from larq_focal.quantizers import GumbelSign, HysteresisSign, LearnableActivationBinarizer

layers = keras.layers


@dataclass(frozen=True)
class Method:
    """How a network is binarized: a fresh input and kernel quantizer for each layer."""

    name: str
    title: str
    input_quantizer: Callable[[], keras.layers.Layer]
    kernel_quantizer: Callable[[], keras.layers.Layer]


TWO_LAYER_METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("ste_sign", "Sign (STE)", larq.quantizers.SteSign, larq.quantizers.SteSign),
        Method("hysteresis", "Hysteresis sign", larq.quantizers.SteSign, HysteresisSign),
        Method("gumbel", "Gumbel sign", larq.quantizers.SteSign, GumbelSign),
        Method("lab", "Learnable activation binarizer", LearnableActivationBinarizer, larq.quantizers.SteSign),
    )
}


def two_layer(
    method: str | None = "ste_sign",
    *,
    input_shape: tuple[int, int, int] = (8, 8, 1),
    num_classes: int = 10,
    filters: Sequence[int] = (16, 32),
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``.

    Args:
        method: a key of ``TWO_LAYER_METHODS``, or None for full precision with ReLU.
        input_shape: ``(height, width, channels)``; pixels are expected in [-0.5, 0.5), so that 0 is mid-grey.
        num_classes: number of logits.
        filters: feature maps of the two convolutions.

    Raises:
        ValueError: ``method`` is not known.
    """
    if method is None:
        body, name = _float_body, "full_precision"
    elif method in TWO_LAYER_METHODS:
        body, name = _binary_body(TWO_LAYER_METHODS[method]), method
    else:
        raise ValueError(f"No method '{method}': choose one of {', '.join(TWO_LAYER_METHODS)}, or None.")
    image = layers.Input(input_shape, name="image")
    features = layers.Flatten(name="flatten")(body(image, filters))
    return keras.Model(image, layers.Dense(num_classes, name="logits")(features), name=f"two_layer_{name}")


def _float_body(x, filters: Sequence[int]):
    for index, maps in enumerate(filters, 1):
        x = layers.Conv2D(maps, 3, padding="same", use_bias=False, name=f"conv_{index}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm_{index}")(x)
        x = layers.ReLU(name=f"relu_{index}")(x)
    return layers.MaxPool2D(2, name="pool")(x)


def _binary_body(method: Method):
    def body(x, filters: Sequence[int]):
        for index, maps in enumerate(filters, 1):
            x = larq.layers.QuantConv2D(
                maps,
                3,
                padding="same",
                pad_values=1.0,
                use_bias=False,
                input_quantizer=method.input_quantizer(),
                kernel_quantizer=method.kernel_quantizer(),
                kernel_constraint="weight_clip",
                name=f"conv_{index}",
            )(x)
            x = layers.BatchNormalization(momentum=0.9, name=f"norm_{index}")(x)
        x = layers.Activation(method.input_quantizer(), name="features")(x)
        return layers.MaxPool2D(2, name="pool")(x)

    return body

"""A network for digits that fits a microcontroller: 1-bit weights, maps of a few bits, and no padding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larq_focal.nn import DoReFa, QuantConv2D, QuantDense, SteSign, keras
from larq_focal.quantizers import TernaryWeights
from larq_focal.zoo.networks.parts import normalised
from larq_focal.zoo.weights import with_weights

layers = keras.layers


def mcu_digits(
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    num_classes: int = 10,
    include_top: bool = True,
    filters: Sequence[int] = (16, 48, 80, 64),
    activation_bits: int = 4,
    weight_bits: float = 1,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``.

    A 5x5 and a 3x3 convolution with a stride of 2 take 28x28 pixels to 12x12 and 5x5, two 3x3 convolutions take those
    to 3x3 and 1x1: no map is padded, pooled, or larger than 12x12. Each is normalised, and kept in ``activation_bits``
    bits. All weights are signs, unless ``weight_bits`` says otherwise.

    Args:
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``, pixels in [-0.5, 0.5); at least 25 each way.
        num_classes: Number of logits.
        include_top: Whether the classifier is there.
        filters: Maps of the four convolutions.
        activation_bits: Of the maps, 1 to 8.
        weight_bits: Of the weights: 1 for signs, 1.5 for {-1, 0, 1} to scale, or 2 to 8 for DoReFa's even levels.

    Raises:
        ValueError: ``weights`` is not known, or there are no weights of so many bits.

    Source:
        The task and the sizes to meet are those of https://github.com/cpldcpu/BitNetMCU (99.58 % of MNIST's test images
        in 13.0 kB of weights); the network is this project's own.
    """
    image = x = layers.Input(input_shape, name="image")
    for index, (maps, size, strides) in enumerate(zip(filters, (5, 3, 3, 3), (2, 2, 1, 1), strict=True), 1):
        x = QuantConv2D(
            maps,
            size,
            strides,
            input_quantizer=None if index == 1 else _few_bits(activation_bits),
            use_bias=False,
            name=f"conv_{index}",
            **_kernel(weight_bits),
        )(x)
        x = normalised(x, f"norm_{index}")
    if include_top:
        x = layers.Flatten(name="features")(x)
        x = QuantDense(
            num_classes,
            input_quantizer=_few_bits(activation_bits),
            use_bias=False,
            name="classifier",
            **_kernel(weight_bits),
        )(x)
        x = normalised(x, "logits")
    return with_weights(keras.Model(image, x, name="mcu_digits"), weights)


def _kernel(bits: float) -> dict:
    if bits == 1:
        quantizer = SteSign()
    elif bits == 1.5:
        quantizer = TernaryWeights()
    elif bits in range(2, 9):
        quantizer = DoReFa(int(bits), mode="weights")
    else:
        raise ValueError(f"Weights have 1, 1.5, or 2 to 8 bits, not {bits}.")
    return {"kernel_quantizer": quantizer, "kernel_constraint": "weight_clip"}


def _few_bits(bits: int):
    return DoReFa(bits, mode="activations")

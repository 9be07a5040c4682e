"""The two-layer convolutional network of focal-plane studies, in full precision and binary by several methods.

Two 3x3 convolutions with batch normalisation, a 2x2 max-pool and a dense classifier. In the binary networks the
image, every feature map and every weight are single bits. One-padding keeps the convolutions packed after conversion,
and the classifier is written as a convolution over the whole map, because dense layers are never packed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from larq_focal.layers import LogGradient
from larq_focal.nn import SteSign, keras
from larq_focal.quantizers import GumbelSign, HysteresisSign, LearnableActivationBinarizer
from larq_focal.zoo.method_titles import TWO_LAYER_TITLES
from larq_focal.zoo.networks.methods import METHODS, Method, named_method
from larq_focal.zoo.weights import with_weights

layers = keras.layers

_SIGN = SteSign
_QUANTIZERS = {
    "ste_sign": (_SIGN, _SIGN),
    "hysteresis": (_SIGN, HysteresisSign),
    "gumbel": (_SIGN, GumbelSign),
    "lab": (LearnableActivationBinarizer, _SIGN),
}
TWO_LAYER_METHODS: dict[str, Method] = {
    name: Method(name, title, *_QUANTIZERS[name]) if name in _QUANTIZERS else METHODS[name]
    for name, title in TWO_LAYER_TITLES.items()
}


def two_layer(
    method: str | Method | None = "ste_sign",
    *,
    weights: str | Path | None = None,
    input_shape: tuple[int, int, int] = (8, 8, 1),
    num_classes: int = 10,
    filters: Sequence[int] = (16, 32),
    kernel_size: int = 3,
    use_bias: bool = False,
    log_gradient: float | None = None,
) -> keras.Model:
    """Builds the network; it returns logits ``[batch, num_classes]``.

    Args:
        method: a key of ``TWO_LAYER_METHODS``, a method of your own, or None for full precision with ReLU.
        weights: None for random ones, the name of a data set, or the path of a weights file.
        input_shape: ``(height, width, channels)``; pixels are expected in [-0.5, 0.5), so that 0 is mid-grey.
        num_classes: number of logits.
        filters: feature maps of the two convolutions, or of any other number of them.
        kernel_size: of these convolutions.
        use_bias: whether the convolutions have a bias; the float classifier always has one.
        log_gradient: bits of the log-gradients that the first convolution sees in place of grey values, 1 or 1.5; None
            for grey values. It takes pixels as linear intensities.

    Raises:
        ValueError: ``method`` or ``weights`` is not known.
    """
    if method is None:
        build, name = _float_layers, "full_precision"
    else:
        method = named_method(method, TWO_LAYER_METHODS)
        first = _of_three_levels(method) if log_gradient == 1.5 else method
        build, name = _binary_layers(method, first), method.name
    image = layers.Input(input_shape, name="image")
    x = image if log_gradient is None else _gradients(image, log_gradient)
    logits = build(x, filters, kernel_size, num_classes, use_bias)
    return with_weights(keras.Model(image, logits, name=f"two_layer_{name}"), weights)


def _float_layers(x, filters: Sequence[int], kernel_size: int, num_classes: int, use_bias: bool):
    for index, maps in enumerate(filters, 1):
        x = layers.Conv2D(maps, kernel_size, padding="same", use_bias=use_bias, name=f"conv_{index}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm_{index}")(x)
        x = layers.ReLU(name=f"relu_{index}")(x)
    features = layers.Flatten(name="features")(layers.MaxPool2D(2, name="pool")(x))
    return layers.Dense(num_classes, name="classifier")(features)


def _gradients(image, bits: float):
    return LogGradient(bits=bits, name="gradients")(layers.Rescaling(1.0, offset=0.5, name="intensity")(image))


def _of_three_levels(method: Method) -> Method:
    """The method for inputs of -1, 0 and +1, which its quantizer leaves as they are."""
    ternary = METHODS["tbn"]
    levels, pad = ternary.input_levels, ternary.pad
    return replace(method, input_quantizer=ternary.input_quantizer, input_levels=levels, pad=pad)


def _binary_layers(method: Method, first: Method):
    def build(x, filters: Sequence[int], kernel_size: int, num_classes: int, use_bias: bool):
        for index, maps in enumerate(filters, 1):
            by = first if index == 1 else method
            x = by.conv(maps, kernel_size, padding="same", use_bias=use_bias, name=f"conv_{index}")(x)
            x = layers.BatchNormalization(momentum=0.9, name=f"norm_{index}")(x)
        x = layers.MaxPool2D(2, name="pool")(x)
        x = method.conv(num_classes, x.shape[1:3], name="classifier")(x)
        # The popcounts are too large for a softmax to train on; this brings them to scale, class by class.
        return layers.BatchNormalization(momentum=0.9, name="logits")(layers.Flatten(name="flatten")(x))

    return build

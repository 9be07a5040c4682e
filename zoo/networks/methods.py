"""How a network is binarized: a method gives each convolution its quantizers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from larq_focal.layers import BinaryDense, BinarySumConv2D, BinarySumDense, RPReLU
from larq_focal.nn import (
    ApproxSign,
    DoReFa,
    MagnitudeAwareSign,
    QuantConv2D,
    QuantDense,
    SteHeaviside,
    SteSign,
    SwishSign,
    hard_tanh,
    keras,
)
from larq_focal.quantizers import (
    AdaBinSign,
    BinaryRegularizer,
    EdeSign,
    GumbelSign,
    HysteresisSign,
    LearnableActivationBinarizer,
    LibraSign,
    ReCUSign,
    RSign,
    TernarySign,
    TernaryWeights,
    XnorSign,
)
from larq_focal.zoo.method_titles import METHOD_TITLES, NOT_PACKED

_EIGHT_BITS = partial(DoReFa, k_bit=8, mode="activations")
# 0.4 of the mean magnitude, as published, which is 0.8 for a normalised map: a threshold that a file can hold.
_TERNARY = partial(TernarySign, threshold=0.32)
_HARD_TANH = partial(keras.layers.Activation, hard_tanh)


@dataclass(frozen=True)
class Method:
    """How a network is binarized: a fresh input and kernel quantizer for each layer.

    Attributes:
        name: Key of the method, also the end of a network's name.
        title: For people.
        input_quantizer: Makes the quantizer of a layer's inputs.
        kernel_quantizer: Makes the quantizer of its kernel.
        shortcuts: Whether a residual network has a shortcut around every convolution, or around every two.
        input_levels: The values of the inputs.
        kernel_levels: The values of the kernel, relative to its scale.
        pad: What a map is padded with; one of the input levels.
        kernel_regularizer: Makes the regularizer of a kernel, None for none.
        activation: Makes the activation function after a convolution's sum in a residual network, None for none.
        packed: Whether Larq Compute Engine packs the layers; where not, only larq_focal's own operators do.
    """

    name: str
    title: str
    input_quantizer: Callable[[], keras.layers.Layer]
    kernel_quantizer: Callable[[], keras.layers.Layer]
    shortcuts: bool = False
    input_levels: tuple[float, ...] = (-1, 1)
    kernel_levels: tuple[float, ...] = (-1, 1)
    pad: float = 1.0
    kernel_regularizer: Callable[[], keras.regularizers.Regularizer] | None = None
    activation: Callable[..., keras.layers.Layer] | None = None
    packed: bool = True

    @property
    def is_binary(self) -> bool:
        """Whether inputs and kernels are signs, to scale."""
        return self.input_levels == self.kernel_levels == (-1, 1)

    def conv(self, filters: int, kernel_size: int | tuple[int, int], **options: Any) -> QuantConv2D:
        """A ``QuantConv2D`` without bias that pads with ``pad``; ``options`` are further arguments of it."""
        layer = QuantConv2D
        if self.packed and not self.is_binary:
            layer = partial(BinarySumConv2D, **self._levels())
        pad = {"pad_values": self.pad} if options.get("padding") == "same" else {}
        quantized = {"input_quantizer": self.input_quantizer(), **self._kernel(), **pad}
        return layer(filters, kernel_size, **{"use_bias": False, **quantized, **options})

    def image_conv(self, filters: int, kernel_size: int, **options: Any) -> QuantConv2D:
        """A convolution without bias of real-valued inputs with a quantized kernel."""
        return QuantConv2D(filters, kernel_size, **{"use_bias": False, **self._kernel(), **options})

    def dense(self, units: int, **options: Any) -> QuantDense:
        """A dense layer without bias; a packed one, or a sum of them, where the method is packed."""
        layer = QuantDense
        if self.packed:
            layer = BinaryDense if self.is_binary else partial(BinarySumDense, **self._levels())
        quantized = {"input_quantizer": self.input_quantizer(), **self._kernel()}
        return layer(units, **{"use_bias": False, **quantized, **options})

    def _levels(self) -> dict[str, Any]:
        return {"input_levels": self.input_levels, "kernel_levels": self.kernel_levels}

    def _kernel(self) -> dict[str, Any]:
        return {
            "kernel_quantizer": self.kernel_quantizer(),
            "kernel_constraint": "weight_clip",
            "kernel_regularizer": self.kernel_regularizer and self.kernel_regularizer(),
        }


def _method(name: str, *quantizers: Callable[[], keras.layers.Layer], **options: Any) -> Method:
    return Method(name, METHOD_TITLES[name], *quantizers, packed=name not in NOT_PACKED, **options)


# By the authors' code the gradient of a kernel of "bireal" and "react" passes unscaled. Larq's quantizer multiplies it
# by the mean magnitude: another learning rate for each channel, which falls out under Adam.
METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        _method("sign", SteSign, SteSign, shortcuts=True),
        _method("xnor", SteSign, XnorSign),
        _method("bireal", ApproxSign, MagnitudeAwareSign, shortcuts=True),
        _method("irnet", EdeSign, LibraSign, shortcuts=True, activation=_HARD_TANH),
        _method("tbn", _TERNARY, XnorSign, input_levels=(-1, 0, 1), pad=0.0),
        _method("bnn_plus", SwishSign, XnorSign, kernel_regularizer=BinaryRegularizer),
        _method("recu", ApproxSign, ReCUSign, shortcuts=True, activation=_HARD_TANH),
        _method("adabin", RSign, AdaBinSign, shortcuts=True, activation=RPReLU),
        _method("react", RSign, MagnitudeAwareSign, shortcuts=True, activation=RPReLU),
        _method("gumbel", SteSign, GumbelSign, shortcuts=True),
        _method("hysteresis", SteSign, HysteresisSign, shortcuts=True),
        _method(
            "hysteresis_8bit",
            _EIGHT_BITS,
            HysteresisSign,
            shortcuts=True,
            input_levels=(0, 1),
            pad=0.0,
        ),
        _method("lab", LearnableActivationBinarizer, SteSign, shortcuts=True),
        _method("ternary", SteSign, TernaryWeights, shortcuts=True, kernel_levels=(-1, 0, 1)),
        _method(
            "zero_one",
            SteHeaviside,
            SteSign,
            shortcuts=True,
            input_levels=(0, 1),
            pad=0.0,
        ),
    )
}
"""The published ways to binarize that the networks of this package take by name."""


def named_method(name: str | Method, among: Mapping[str, Method] = METHODS) -> Method:
    """The method of a name; a ``Method`` is returned as it is.

    Raises:
        ValueError: The name is none of ``among``.
    """
    if isinstance(name, Method):
        return name
    if name not in among:
        raise ValueError(f"No method '{name}': choose one of {', '.join(among)}.")
    return among[name]

"""Binary convolutions and dense layers whose training keeps the signs of their inputs, not the inputs."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, ClassVar

from larq_focal.layers.low_memory.bits import pack_bits, signs, unpack_bits
from larq_focal.nn import (
    QuantDense,
    ReplacedConv2D,
    SteSign,
    Tensor,
    at_once,
    gradients,
    latent_kernel,
    of_shape,
    ops,
    over_slices,
    padded,
    register,
    with_backward,
)


class _KeepsBits:
    """What the low-memory layers share; it stands before the quantized layer among their bases.

    Kept for the backward pass are two bits of each input, its sign and whether its magnitude is at most the clip value
    of the quantizer; where the inputs have no quantizer, the inputs themselves. Products are computed in float32, a few
    samples at a time, and stored in the type of the layer.

    The gradient of the kernel is reduced to its signs over the square root of their number.
    """

    slices: ClassVar[Callable] = staticmethod(over_slices)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{"use_bias": False, **kwargs})
        name = type(self).__name__
        if not isinstance(self.kernel_quantizer, SteSign):
            raise ValueError(f"{name} trains binary kernels: its kernel_quantizer must be 'ste_sign'.")
        if not (self.input_quantizer is None or isinstance(self.input_quantizer, SteSign)):
            raise ValueError(f"{name} keeps signs of its inputs: its input_quantizer must be 'ste_sign' or None.")
        if self.use_bias or _is_activated(self):
            raise ValueError(f"{name} has no bias and no activation: a normalisation behind it shifts its outputs.")

    def call(self, inputs):
        inputs = of_shape(self.sample_shape, inputs)
        return with_backward(self._forward, self._backward)(inputs, latent_kernel(self))

    def _forward(self, inputs: Tensor, latent: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        kernel = signs(latent >= 0)
        if self.input_quantizer is None:
            ((outputs,), _) = self.slices(lambda some: ((self._products(some, kernel),), ()), inputs)
            return outputs, (inputs, latent)

        def quantized(some):
            positive = some >= 0
            inside = ops.abs(some) <= self.input_quantizer.clip_value
            return (self._products(signs(positive), kernel), pack_bits(positive), pack_bits(inside)), ()

        ((outputs, positive, inside), _) = self.slices(quantized, inputs)
        return outputs, (positive, inside, latent)

    def _products(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        return ops.cast(self.product(ops.cast(inputs, "float32"), kernel), self.compute_dtype)

    def _backward(self, kept: tuple[Tensor, ...], upstream: Tensor) -> tuple[Tensor, Tensor]:
        *kept_inputs, latent = kept
        kernel = signs(latent >= 0)

        def some(upstream, *kept):
            inputs = signs(unpack_bits(kept[0], self.sample_shape)) if len(kept) == 2 else ops.cast(kept[0], "float32")
            by_inputs, by_kernel = gradients(self.product, [inputs, kernel], ops.cast(upstream, "float32"))
            if len(kept) == 2:
                by_inputs = by_inputs * ops.cast(unpack_bits(kept[1], self.sample_shape), "float32")
            return (ops.cast(by_inputs, self.compute_dtype),), (by_kernel,)

        ((by_inputs,), (by_kernel,)) = self.slices(some, upstream, *kept_inputs)
        return by_inputs, ops.cast(ops.sign(by_kernel), latent.dtype) / prod(latent.shape) ** 0.5

    def build(self, input_shape):
        super().build(input_shape)
        self.sample_shape = tuple(input_shape[1:])
        if None in self.sample_shape:
            raise ValueError(
                f"{type(self).__name__} packs whole samples, but the shape {self.sample_shape} is not known."
            )


def _is_activated(layer) -> bool:
    return getattr(layer.activation, "__name__", None) not in (None, "linear")


@register()
class LowMemoryConv2D(_KeepsBits, ReplacedConv2D):
    """A binary ``QuantConv2D`` whose training keeps bits of its inputs ``[batch, height, width, channels]``.

    Args:
        *args: As for ``QuantConv2D``.
        **kwargs: As for ``QuantConv2D``. ``kernel_quantizer`` must be "ste_sign", ``input_quantizer`` "ste_sign" or
            None; there is no bias and no activation.

    Raises:
        ValueError: Another quantizer, a bias, an activation, channels first, or a size of the images that is not known.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.data_format != "channels_last":
            raise ValueError("LowMemoryConv2D takes images with channels last.")

    def product(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        padding = self.padding
        if padding == "same" and self.pad_values:
            around = self.same_padding(inputs.shape[1:3])
            inputs, padding = padded(inputs, around, self.pad_values, self.data_format), "valid"
        return ops.conv(inputs, kernel, self.strides, padding, self.data_format, self.dilation_rate)


@register()
class LowMemoryDense(_KeepsBits, QuantDense):
    """A binary dense layer whose training keeps bits of its inputs ``[batch, channels]``.

    Args:
        *args: As for ``QuantDense``.
        **kwargs: As for ``LowMemoryConv2D``.

    Raises:
        ValueError: Another quantizer, a bias or an activation.
    """

    slices: ClassVar[Callable] = staticmethod(at_once)

    def product(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        return inputs @ kernel

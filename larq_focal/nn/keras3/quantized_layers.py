"""Quantized layers with the names, arguments and defaults of Larq's, for Keras 3 on every backend.

Each takes what the Keras layer of its name takes, an ``input_quantizer`` and a ``..._quantizer`` for each kernel: an
alias such as "ste_sign", a quantizer, a function, or None for none. A constraint may be "weight_clip".
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from larq_focal.nn.keras3.quantized_layer import QuantizedLayer
from larq_focal.nn.keras3.quantized_window import QuantizedConvolution, QuantizedWindow
from larq_focal.nn.keras3.registration import register

_SEPARABLE = {"depthwise_kernel": "depthwise", "pointwise_kernel": "pointwise"}


@register()
class QuantDense(QuantizedLayer, keras.layers.Dense):
    """A matrix product of quantized inputs ``[batch, ..., channels]`` and a quantized kernel ``[channels, units]``."""

    def product(self, inputs, kernel):
        return ops.matmul(inputs, kernel)


@register()
class QuantConv1D(QuantizedConvolution, keras.layers.Conv1D):
    """A convolution of quantized inputs ``[batch, steps, channels]`` with a quantized kernel."""

    def __init__(self, *args: Any, data_format: str | None = "channels_last", **kwargs: Any):
        super().__init__(*args, data_format=data_format, **kwargs)


@register()
class QuantConv2D(QuantizedConvolution, keras.layers.Conv2D):
    """A convolution of quantized inputs ``[batch, height, width, channels]`` with a quantized kernel."""


@register()
class QuantConv3D(QuantizedConvolution, keras.layers.Conv3D):
    """A convolution of quantized inputs ``[batch, depth, height, width, channels]`` with a quantized kernel."""


@register()
class QuantDepthwiseConv2D(QuantizedWindow, keras.layers.DepthwiseConv2D):
    """A convolution of each channel of quantized inputs ``[batch, height, width, channels]`` with a kernel of its own.

    Args:
        kernel_size: Height and width of the kernel, or one number for both.
        strides: Strides along both, or one number for both.
        padding: "valid" or "same".
        pad_values: What pads with ``padding="same"``.
        **kwargs: ``input_quantizer``, ``depthwise_quantizer``, and as for ``keras.layers.DepthwiseConv2D``.
    """

    kernels: ClassVar[dict[str, str]] = {"kernel": "depthwise"}
    convolution = staticmethod(ops.depthwise_conv)

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = 1,
        padding: str = "valid",
        pad_values: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(kernel_size, strides, padding, pad_values=pad_values, **kwargs)


@register()
class QuantSeparableConv1D(QuantizedConvolution, keras.layers.SeparableConv1D):
    """A depthwise convolution of quantized inputs ``[batch, steps, channels]``, then one of a single step."""

    kernels: ClassVar[dict[str, str]] = _SEPARABLE
    convolution = staticmethod(ops.separable_conv)


@register()
class QuantSeparableConv2D(QuantizedConvolution, keras.layers.SeparableConv2D):
    """A depthwise convolution of quantized inputs ``[batch, height, width, channels]``, then one of 1x1."""

    kernels: ClassVar[dict[str, str]] = _SEPARABLE
    convolution = staticmethod(ops.separable_conv)


class _QuantizedTranspose(QuantizedLayer):
    def product(self, inputs, kernel):
        return ops.conv_transpose(
            inputs,
            kernel,
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )


@register()
class QuantConv2DTranspose(_QuantizedTranspose, keras.layers.Conv2DTranspose):
    """A transposed convolution of quantized inputs ``[batch, height, width, channels]`` with a quantized kernel."""


@register()
class QuantConv3DTranspose(_QuantizedTranspose, keras.layers.Conv3DTranspose):
    """A transposed convolution of quantized inputs ``[batch, depth, height, width, channels]``."""

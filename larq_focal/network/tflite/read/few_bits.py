"""The operators of few bits of larq_focal's delegate as operations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from larq_focal.network import ops
from larq_focal.network.few_bits import CONVOLUTION, DENSE, DEPTHWISE, QUANTIZER, coding_of, stored_weights
from larq_focal.network.kernel import Kernel
from larq_focal.network.tflite.read.call import PADDINGS, Call
from larq_focal.network.tflite.read.layers import read_bias

_LEAST_BITS = 2
"""Of codes that are not signs."""


def lqf_conv_2d(call: Call) -> str:
    return _convolution(call, _kernel(call), groups=1)


def lqf_depthwise_conv_2d(call: Call) -> str:
    return _convolution(call, _kernel(call, axis=2), groups=call.options["channels_in"])


def _convolution(call: Call, kernel: Kernel, groups: int) -> str:
    options = call.options
    value = call.emit(
        ops.Conv2D,
        kernel=kernel,
        groups=groups,
        bias=read_bias(call, 3),
        strides=(options["stride_height"], options["stride_width"]),
        dilation=(options["dilation_height_factor"], options["dilation_width_factor"]),
        padding=PADDINGS[options["padding"]],
    )
    return call.activation(value, options["fused_activation_function"])


def lqf_fully_connected(call: Call) -> str:
    kernel, value, shape = _kernel(call), call.input(0), call.input_shape(0)
    depth, out = kernel.shape
    if call.shape != (*shape[:-1], out):
        value = call.emit(ops.Reshape, value, shape=(depth,), name=f"{call.output.name}/flatten")
    value = call.emit(ops.Dense, value, kernel=kernel, bias=read_bias(call, 3), name=call.output.name)
    return call.activation(value, call.options["fused_activation_function"])


def lqf_quantize(call: Call) -> str:
    (scale,), (zero_point,) = call.output.quantization.scale, call.output.quantization.zero_point
    boundaries, steps = np.unique(call.constant(1), return_counts=True)
    codes = call.options["lowest"] + np.append(0, np.cumsum(steps))
    levels = ((codes - zero_point) * np.float32(scale)).astype(np.float32)
    return call.emit(ops.Quantize, call.input(0), levels=levels, boundaries=boundaries)


def _kernel(call: Call, axis: int = -1) -> Kernel:
    """The weights, whose first axis in the file is the axis ``axis`` of a kernel."""
    coding, codes = coding_of(call.options), np.moveaxis(stored_weights(call.constant(1), call.options), 0, axis)
    bits = 1 if coding.has_only_signs else max(_LEAST_BITS, coding.bits)
    return Kernel(codes, call.constant(2), bits, codes.shape[-1])


FEW_BITS: dict[str, Callable[[Call], str]] = {
    CONVOLUTION: lqf_conv_2d,
    DEPTHWISE: lqf_depthwise_conv_2d,
    DENSE: lqf_fully_connected,
    QUANTIZER: lqf_quantize,
}

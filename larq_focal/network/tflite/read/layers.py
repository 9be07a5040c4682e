"""TensorFlow Lite's convolutions, dense layers and pools, and the binary ones of Larq Compute Engine, as operations.

What the binary operators compute: larq/compute-engine, ``tflite/kernels/{bconv2d,bmaxpool,quantization}.cc`` and
``core/bconv2d/output_transform.h``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.kernel import Kernel
from larq_focal.network.packing import unpack_bits, words_for
from larq_focal.network.tflite.read.call import PADDINGS, Call
from larq_focal.network.tflite.read.constants import along_axis, bits_of, codes_of

_ALWAYS_PLUS, _ALWAYS_MINUS = np.iinfo(np.int32).max, np.iinfo(np.int32).min


def conv_2d(call: Call) -> str:
    depth = call.constant(1).shape[3]
    return call.emit(
        ops.Conv2D,
        kernel=read_kernel(call, lambda ohwi: np.moveaxis(ohwi, 0, -1)),
        bias=read_bias(call),
        groups=call.input_shape(0)[-1] // depth,
        **_steps(call),
    )


def depthwise_conv_2d(call: Call) -> str:
    return call.emit(
        ops.Conv2D,
        kernel=read_kernel(call, lambda weights: np.moveaxis(weights, 0, 2)),  # [1, kh, kw, out]
        bias=read_bias(call),
        groups=call.input_shape(0)[-1],
        **_steps(call),
    )


def _steps(call: Call) -> dict:
    options = call.options
    return {
        "strides": (options["strideH"], options["strideW"]),
        "dilation": (options["dilationHFactor"], options["dilationWFactor"]),
        "padding": PADDINGS[options["padding"]],
    }


def fully_connected(call: Call) -> str:
    out, depth = call.constant(1).shape
    if call.options.get("weightsFormat"):
        raise NotUnderstood("with shuffled weights")
    value, shape = call.input(0), call.input_shape(0)
    if call.shape != (*shape[:-1], out) or shape[-1] != depth:
        if call.shape != (out,) or np.prod(shape) != depth:
            raise NotUnderstood(f"from {shape} to {call.shape}")
        value = call.emit(ops.Reshape, value, shape=(depth,), name=f"{call.output.name}/flatten")
    return call.emit(
        ops.Dense, value, kernel=read_kernel(call, np.transpose), bias=read_bias(call), name=call.output.name
    )


def read_kernel(call: Call, arrange: Callable[[np.ndarray], np.ndarray]) -> Kernel:
    """Operand 1 in the fewest bits that hold it; ``arrange`` brings it into the shape of a kernel."""
    tensor = call.operator.inputs[1]
    kernel = Kernel.from_values(arrange(call.constant(1)))
    if tensor.quantization is None or kernel.bits <= 4:
        return kernel
    codes = codes_of(tensor).astype(np.int16) - along_axis(tensor, tensor.quantization.zero_point).astype(np.int16)
    scale = np.broadcast_to(along_axis(tensor, tensor.quantization.scale), tensor.shape)
    scale = arrange(scale).reshape(-1, kernel.shape[-1])[0].copy()
    return Kernel(arrange(codes), scale, bits_of(tensor), min(len(tensor.quantization.scale), scale.size))


def read_bias(call: Call, operand: int = 2) -> np.ndarray | None:
    """The bias of a layer; None where it is zero, as a converter writes it for a layer without one."""
    bias = call.constant(operand) if call.has_input(operand) else None
    return bias if bias is not None and bias.any() else None


def pool_2d(kind: str) -> Callable[[Call], str]:
    def read(call: Call) -> str:
        options, padding = call.options, PADDINGS[call.options["padding"]]
        size = options["filterHeight"], options["filterWidth"]
        if padding == "valid" and size == call.input_shape(0)[:2]:
            return call.emit(ops.GlobalPool, kind=kind, keep_dims=True)
        strides = options["strideH"], options["strideW"]
        return call.emit(ops.Pool2D, kind=kind, size=size, strides=strides, padding=padding)

    return read


def reduce(kind: str) -> Callable[[Call], str]:
    def read(call: Call) -> str:
        rank = len(call.input_shape(0)) + 1
        axes = sorted(int(axis) % rank for axis in np.ravel(call.constant(1)))
        if rank != 4 or axes != [1, 2]:
            raise NotUnderstood(f"over the axes {axes} of {rank}")
        return call.emit(ops.GlobalPool, kind=kind, keep_dims=bool(call.options["keepDims"]))

    return read


def lce_bconv_2d(call: Call) -> str:
    """Binary convolution, then activation, multiplier and bias, or a threshold per channel."""
    options, words = call.options, call.constant(1)  # int32 [out, kh, kw, words of a group]
    channels = _unpacked_channels(call, options["channels_in"])
    if options["channels_in"] != channels:
        raise ValueError(f"channels_in is {options['channels_in']}, but the input has {channels} channels")
    groups = words_for(channels) // words.shape[-1]
    codes = np.moveaxis(unpack_bits(words, channels // groups), 0, -1)
    out = codes.shape[-1]
    value = call.emit(
        ops.Conv2D,
        shape=(*call.shape[:2], out),
        kernel=Kernel(codes, np.ones(out, np.float32), 1),
        strides=(options["stride_height"], options["stride_width"]),
        dilation=(options["dilation_height_factor"], options["dilation_width_factor"]),
        padding=PADDINGS[options["padding"]],
        pad_value=float(options["pad_values"]),
        groups=groups,
    )
    if call.output.dtype == "int32":
        fan_in = int(np.prod(codes.shape[:-1]))
        threshold = sum_thresholds(call.constant(4), fan_in)
        return call.emit(ops.Binarize, value, shape=(*call.shape[:2], out), threshold=threshold)
    value = call.activation(value, options["fused_activation_function"])
    return call.affine(value, scale=call.constant(2), bias=call.constant(3))


def _unpacked_channels(call: Call, stated: int) -> int:
    """Channels of the first operand; of a packed value that nobody understands, those that its reader states."""
    value = call.builder[call.input(0)]
    if isinstance(value, ops.Unknown) and value.shape[-1:] == (words_for(stated),):
        call.builder.replace(value.name, shape=(*value.shape[:-1], stated))
        return stated
    return value.shape[-1]


def sum_thresholds(tau: np.ndarray, fan_in: int) -> np.ndarray:
    """Thresholds on the count of differing bits as thresholds on the sum of products.

    A packed output bit is set, which means -1, where ``count > tau``; the sum is ``fan_in - 2 * count``, so the
    output is +1 where ``sum >= fan_in - 2 * tau``.

    Args:
        tau: int32 ``[C]``; the largest integer stands for always +1, the smallest for always -1.
        fan_in: products in one sum.

    Returns:
        float32 ``[C]``; infinite for a constant sign.
    """
    thresholds = (fan_in - 2 * tau.astype(np.int64)).astype(np.float32)
    thresholds[tau == _ALWAYS_PLUS] = -np.inf
    thresholds[tau == _ALWAYS_MINUS] = np.inf
    return thresholds


def lce_bmax_pool_2d(call: Call) -> str:
    options, value = call.options, call.builder[call.input(0)]
    if isinstance(value, ops.Unknown):
        raise NotUnderstood(f"of {value.kind}")
    return call.emit(
        ops.Pool2D,
        shape=(*call.shape[:2], value.shape[-1]),
        kind="max",
        size=(options["filter_height"], options["filter_width"]),
        strides=(options["stride_height"], options["stride_width"]),
        padding=PADDINGS[options["padding"]],
    )


def lce_quantize(call: Call) -> str:
    if call.operator.inputs[0].dtype == "bool":
        return call.input(0)
    return call.emit(ops.Binarize, shape=call.input_shape(0), threshold=np.float32(0))


def lce_dequantize(call: Call) -> str:
    return call.input(0)


LAYERS: dict[str, Callable[[Call], str]] = {
    "AVERAGE_POOL_2D": pool_2d("average"),
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": pool_2d("max"),
    "MEAN": reduce("average"),
    "REDUCE_MAX": reduce("max"),
    "LceBMaxPool2d": lce_bmax_pool_2d,
    "LceBconv2d": lce_bconv_2d,
    "LceDequantize": lce_dequantize,
    "LceQuantize": lce_quantize,
}

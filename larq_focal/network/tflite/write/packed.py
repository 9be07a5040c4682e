"""The binary convolution of Larq Compute Engine.

Source: larq/compute-engine, ``mlir/ir/lce_ops.td``, ``tflite/kernels/bconv2d.cc``, ``core/bconv2d/output_transform.h``.
"""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.passes.packable import pads_with_zero
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.layers import PADDINGS
from larq_focal.network.tflite.write.plan import FUSED_ACTIVATIONS, PackedConvolution

_ALWAYS_PLUS, _ALWAYS_MINUS = np.iinfo(np.int32).max, np.iinfo(np.int32).min


def write_packed_convolution(packed: PackedConvolution, emitter: Emitter) -> None:
    """Adds one LceBconv2d: ``activation(sums) * multiplier + bias``, in int8 if asked for, or the signs of the sums."""
    op, result = packed.convolution, packed.result
    image, kernel = emitter.packed(op.inputs[0]), emitter.constant(op.kernel.packed(), np.int32)
    options = _options(emitter, op, packed.activation)
    if packed.binarize is not None:
        tau = count_thresholds(packed.binarize.threshold, op.kernel.fan_in, op.shape[-1])
        output = emitter.packed_tensor(result.name, op.shape)
        operands = [image, kernel, -1, -1, emitter.constant(tau, np.int32)]
        emitter.file.custom("LceBconv2d", operands, [output], options)
        emitter.finish_packed(result, output)
        return
    multiplier, bias = np.ones(op.shape[-1]), np.zeros(op.shape[-1])
    if packed.affine is not None:
        multiplier, bias = packed.affine.scale, packed.affine.bias
    operands = [image, kernel, emitter.constant(multiplier), emitter.constant(bias), -1]
    if packed.rounding is not None:
        output = emitter.integer_tensor(result.name, op.shape, packed.rounding)
        emitter.finish_integers(packed.rounding, output)
    else:
        output = emitter.tensor(result.name, op.shape)
        emitter.finish(result, output)
    emitter.file.custom("LceBconv2d", operands, [output], options)


def _options(emitter: Emitter, op: ops.Conv2D, activation: ops.Activation | None) -> dict[str, int]:
    return {
        "channels_in": emitter.graph[op.inputs[0]].shape[-1],
        "dilation_height_factor": op.dilation[0],
        "dilation_width_factor": op.dilation[1],
        "fused_activation_function": 0 if activation is None else FUSED_ACTIVATIONS[activation.kind],
        "pad_values": 0 if op.padding == "valid" or pads_with_zero(emitter.graph, op) else 1,
        "padding": PADDINGS[op.padding],
        "stride_height": op.strides[0],
        "stride_width": op.strides[1],
    }


def count_thresholds(threshold: np.ndarray, fan_in: int, channels: int) -> np.ndarray:
    """Thresholds on the sum of products as thresholds on the count of differing bits.

    The sum is whole, so the threshold may be rounded up. It is ``fan_in - 2 * count``, and so below ``threshold`` where
    ``count > (fan_in - threshold) / 2``; the count is whole, so the right side may be rounded down. ``sum_thresholds``
    is the way back.

    Args:
        threshold: scalar or ``[C]``; the sign is +1 where the sum is at least this.
        fan_in: products in one sum.

    Returns:
        int32 ``[C]``: the output bit is set, which means -1, where ``count > tau``; the largest integer stands for
        always +1, the smallest for always -1.
    """
    threshold = np.ceil(np.broadcast_to(threshold, channels).astype(np.float64))
    tau = np.floor((fan_in - np.clip(threshold, -fan_in, fan_in + 1)) / 2).astype(np.int64)
    tau[threshold <= -fan_in] = _ALWAYS_PLUS
    tau[threshold > fan_in] = _ALWAYS_MINUS
    return tau.astype(np.int32)

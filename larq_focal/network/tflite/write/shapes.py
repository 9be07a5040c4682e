"""Operations that only move elements, in TensorFlow Lite's operators."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.operators import write


@write.register
def _(op: ops.Input, emitter: Emitter) -> None:
    """Bytes of the user's are uint8; what is rounded to 8 bits at once comes as integers of that grid."""
    if emitter.grid is not None:
        emitter.inputs[op.name] = tensor = emitter.integer_tensor(op.name, op.shape, emitter.grid)
        emitter.finish(op, tensor)
        return
    emitter.inputs[op.name] = tensor = emitter.tensor(op.name, op.shape, "uint8" if op.takes_bytes else "float32")
    emitter.finish(op, emitter.add("CAST", tensor, shape=op.shape) if op.takes_bytes else tensor)


@write.register
def _(op: ops.Concat, emitter: Emitter) -> None:
    tensors = [emitter.value(name) for name in op.inputs]
    axis = op.axis % len(op.shape) + 1
    emitter.finish(
        op, emitter.add("CONCATENATION", *tensors, shape=op.shape, options="ConcatenationOptions", axis=axis)
    )


@write.register
def _(op: ops.Pad, emitter: Emitter) -> None:
    operands = [emitter.value(op.inputs[0]), emitter.constant(((0, 0), *op.pads), np.int32)]
    if op.value == 0:
        emitter.finish(op, emitter.add("PAD", *operands, shape=op.shape))
    else:
        emitter.finish(op, emitter.add("PADV2", *operands, emitter.number(op.value), shape=op.shape))


@write.register
def _(op: ops.Slice, emitter: Emitter) -> None:
    tensor, begin = emitter.value(op.inputs[0]), emitter.constant((0, *op.begin), np.int32)
    if all(stride == 1 for stride in op.strides):
        size = emitter.constant((emitter.batch_size, *op.shape), np.int32)
        emitter.finish(op, emitter.add("SLICE", tensor, begin, size, shape=op.shape))
        return
    ends = [
        first + stride * (size - 1) + np.sign(stride)
        for first, stride, size in zip(op.begin, op.strides, op.shape, strict=True)
    ]
    open_ends = sum(1 << axis for axis, end in enumerate(ends, 1) if end < 0)  # -1 would mean the last element
    operands = emitter.constant((emitter.batch_size, *ends), np.int32), emitter.constant((1, *op.strides), np.int32)
    emitter.finish(
        op,
        emitter.add(
            "STRIDED_SLICE", tensor, begin, *operands, shape=op.shape, options="StridedSliceOptions", endMask=open_ends
        ),
    )


@write.register
def _(op: ops.Reshape, emitter: Emitter) -> None:
    emitter.finish(op, emitter.reshape(emitter.value(op.inputs[0]), op.shape))

"""Reading the operations of a traced function that move, select or pool, one function per type."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras2.trace import reads, value_shape


@reads("ConcatV2")
def _(trace, op):
    *tensors, _ = op.inputs
    axis = _axis(trace.operand(op, len(tensors)), op.outputs[0])
    return [trace.add(ops.Concat, op.outputs[0], *map(trace.value, tensors), axis=axis - 1)]


@reads("Split", "SplitV")
def _(trace, op):
    source, axis = (op.inputs[1], trace.operand(op, 0)) if op.type == "Split" else (op.inputs[0], trace.operand(op, 2))
    axis = _axis(axis, source)
    value, rank, begin, names = trace.value(source), len(value_shape(source)), 0, []
    for output in op.outputs:
        begins = tuple(begin if index == axis - 1 else 0 for index in range(rank))
        names.append(trace.add(ops.Slice, output, value, begin=begins, strides=(1,) * rank))
        begin += output.shape[axis]
    return names


def _axis(axis, tensor) -> int:
    """An axis counted from the front, which must not be the batch."""
    axis = int(axis) % tensor.shape.rank
    if axis == 0:
        raise NotUnderstood("an operation over the batch")
    return axis


@reads("StridedSlice")
def _(trace, op):
    source, result = op.inputs[0], op.outputs[0]
    batch, *indices = _slices(op, *(trace.operand(op, index) for index in (1, 2, 3)), source.shape.rank)
    if batch != slice(None):
        raise NotUnderstood("a slice of the batch")
    ranges = [
        range(size)[index] if isinstance(index, slice) else range(size)[index : index + 1 or None]
        for index, size in zip(indices, value_shape(source), strict=True)
    ]
    sliced = trace.call.add(
        ops.Slice,
        trace.value(source),
        part=trace.part,
        shape=tuple(map(len, ranges)),
        begin=tuple(indices.start for indices in ranges),
        strides=tuple(indices.step for indices in ranges),
    )
    if value_shape(result) == trace.call.shape(sliced):
        return [sliced]
    return [trace.add(ops.Reshape, result, sliced)]


def _slices(op, begins, ends, strides, rank: int) -> list[slice | int]:
    """What Python's brackets held, with the ellipsis written out and new axes left out."""

    def masked(name: str, index: int) -> bool:
        return bool(op.get_attr(name) >> index & 1)

    items: list[slice | int] = []
    count = len(begins)
    added = sum(masked("new_axis_mask", index) for index in range(count))
    has_ellipsis = bool(op.get_attr("ellipsis_mask"))
    for index in range(count):
        if masked("ellipsis_mask", index):
            items += [slice(None)] * (rank - (count - added - 1))
        elif masked("shrink_axis_mask", index):
            items.append(int(begins[index]))
        elif not masked("new_axis_mask", index):
            begin = None if masked("begin_mask", index) else int(begins[index])
            end = None if masked("end_mask", index) else int(ends[index])
            step = int(strides[index])
            items.append(slice(begin, end, None if step == 1 else step))
    return items if has_ellipsis else items + [slice(None)] * (rank - len(items))


@reads("Pad", "PadV2")
def _(trace, op):
    value = float(trace.operand(op, 2)) if op.type == "PadV2" else 0.0
    batch, *pads = trace.operand(op, 1).tolist()
    if any(batch):
        raise NotUnderstood("padding of the batch")
    return [trace.add(ops.Pad, op.outputs[0], trace.value(op.inputs[0]), pads=tuple(map(tuple, pads)), value=value)]


@reads("Reshape", "Squeeze", "ExpandDims")
def _(trace, op):
    result, source = op.outputs[0], op.inputs[0]
    if np.prod(value_shape(result)) != np.prod(value_shape(source)):
        raise NotUnderstood("a reshape of the batch")
    return [trace.add(ops.Reshape, result, trace.value(source))]


@reads("MaxPool", "AvgPool")
def _(trace, op):
    _, *size, _ = op.get_attr("ksize")
    _, *strides, _ = op.get_attr("strides")
    padding = op.get_attr("padding").decode().lower()
    if op.get_attr("data_format") != b"NHWC" or padding not in ("same", "valid"):
        raise NotUnderstood(f"{op.type} with another layout or explicit padding")
    kind = "max" if op.type == "MaxPool" else "average"
    fields = {"kind": kind, "size": tuple(size), "strides": tuple(strides), "padding": padding}
    return [trace.add(ops.Pool2D, op.outputs[0], trace.value(op.inputs[0]), **fields)]


@reads("Mean", "Max")
def _(trace, op):
    source = op.inputs[0]
    axes = sorted(int(axis) % source.shape.rank for axis in np.ravel(trace.operand(op, 1)))
    if axes != [1, 2] or source.shape.rank != 4:
        raise NotUnderstood(f"{op.type} over other axes than height and width")
    kind = "max" if op.type == "Max" else "average"
    fields = {"kind": kind, "keep_dims": op.get_attr("keep_dims")}
    return [trace.add(ops.GlobalPool, op.outputs[0], trace.value(source), **fields)]

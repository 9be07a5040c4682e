"""Reading the operations of ``keras.ops`` that move, select or pool."""

from __future__ import annotations

import keras
import numpy as np

from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import same_pads
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras3.arrays import averages_evenly
from larq_focal.network.keras.keras3.trace import kind_of, operands, reads, value_shape


@reads("Concatenate")
def _(trace, node):
    axis = _axis(node.layer.axis, node.outputs[0])
    if len(operands(node)) != len(node.inputs):
        raise NotUnderstood("Concatenate with a constant")
    return [trace.add_op(ops.Concat, node.outputs[0], *(trace[tensor] for tensor in node.inputs), axis=axis - 1)]


@reads("Split")
def _(trace, node):
    (source,) = node.inputs
    axis = _axis(node.layer.axis, source)
    value, rank, begin, names = trace[source], len(value_shape(source)), 0, []
    for output in node.outputs:
        begins = tuple(begin if index == axis - 1 else 0 for index in range(rank))
        names.append(trace.add_op(ops.Slice, output, value, begin=begins, strides=(1,) * rank))
        begin += output.shape[axis]
    return names


def _axis(axis: int, tensor) -> int:
    """An axis counted from the front, which must not be the batch."""
    axis = axis % len(tensor.shape)
    if axis == 0:
        raise NotUnderstood("an operation over the batch")
    return axis


@reads("GetItem")
def _(trace, node):
    (source,), result, key = node.inputs, node.outputs[0], node.arguments[1]
    batch, *indices = _indices(key, len(source.shape))
    if batch != slice(None):
        raise NotUnderstood("a slice of the batch")
    ranges = [
        range(size)[index] if isinstance(index, slice) else range(size)[index : index + 1 or None]
        for index, size in zip(indices, value_shape(source), strict=True)
    ]
    sliced = trace.call.add(
        ops.Slice,
        trace[source],
        part=trace.part,
        shape=tuple(map(len, ranges)),
        begin=tuple(indices.start for indices in ranges),
        strides=tuple(indices.step for indices in ranges),
    )
    if value_shape(result) == trace.call.shape(sliced):
        return [sliced]
    return [trace.add_op(ops.Reshape, result, sliced)]


def _indices(key, rank: int) -> list[slice | int]:
    """One for each axis: what brackets held, with the ellipsis written out and new axes left out."""
    items = list(key) if isinstance(key, tuple | list) else [key]
    if any(not (item is None or item is Ellipsis or isinstance(item, int | slice)) for item in items):
        raise NotUnderstood("a slice by a tensor")
    items = [item for item in items if item is not None]
    if Ellipsis not in items:
        items.append(Ellipsis)
    place = items.index(Ellipsis)
    return items[:place] + [slice(None)] * (rank - len(items) + 1) + items[place + 1 :]


@reads("Pad")
def _(trace, node):
    (source,) = node.inputs
    given = [each for each in operands(node)[1:] if each is not None]
    value = trace.constant(given[0]) if given else np.float32(0)
    if node.layer.mode != "constant" or value is None or np.size(value) != 1:
        raise NotUnderstood(f"padding by {node.layer.mode}")
    pads = [tuple(pair) for pair in node.layer.pad_width]
    batch, *pads = pads * len(source.shape) if len(pads) == 1 else pads
    if any(batch):
        raise NotUnderstood("padding of the batch")
    return [trace.add_op(ops.Pad, node.outputs[0], trace.number(source), pads=tuple(pads), value=float(value))]


@reads("Reshape", "Squeeze", "ExpandDims")
def _(trace, node):
    (source,), result = node.inputs, node.outputs[0]
    if np.prod(value_shape(result)) != np.prod(value_shape(source)):
        raise NotUnderstood("a reshape of the batch")
    return [trace.add_op(ops.Reshape, result, trace[source])]


@reads("MaxPool", "AveragePool")
def _(trace, node):
    (source,), pool = node.inputs, node.layer
    layout = pool.data_format or keras.config.image_data_format()
    if layout != "channels_last" or len(source.shape) != 4:
        raise NotUnderstood(f"{kind_of(node)} with another layout")
    size = _pair(pool.pool_size)
    strides, kind = size if pool.strides is None else _pair(pool.strides), "average"
    if kind_of(node) == "MaxPool":
        kind = "max"
    elif pool.padding == "same" and not averages_evenly(same_pads(value_shape(source)[:2], size, strides)):
        raise NotUnderstood("AveragePool with uneven padding, which torch counts in the means")
    fields = {"kind": kind, "size": size, "strides": strides, "padding": pool.padding}
    return [trace.add_op(ops.Pool2D, node.outputs[0], trace.number(source), **fields)]


def _pair(size) -> ops.Pair:
    return (size, size) if isinstance(size, int) else tuple(size)


@reads("Mean", "Max")
def _(trace, node):
    (source,) = node.inputs
    rank, axes = len(source.shape), node.layer.axis
    axes = sorted(axis % rank for axis in (range(rank) if axes is None else axes))
    if axes != [1, 2] or rank != 4 or getattr(node.layer, "initial", None) is not None:
        raise NotUnderstood(f"{kind_of(node)} over other axes than height and width")
    fields = {"kind": "max" if kind_of(node) == "Max" else "average", "keep_dims": node.layer.keepdims}
    return [trace.add_op(ops.GlobalPool, node.outputs[0], trace.number(source), **fields)]

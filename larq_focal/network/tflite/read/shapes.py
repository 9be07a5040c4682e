"""TensorFlow Lite's operators that only move elements: concatenation, padding, slices and other shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.tflite.read.call import Call


def concatenate(call: Call) -> str:
    values = [call.input(index) for index in range(len(call.operator.inputs))]
    axis = _sample_axis(call.options["axis"], len(call.shape))
    return call.emit(ops.Concat, *values, axis=-1 if axis == len(call.shape) - 1 else axis)


def _sample_axis(axis: int, rank: int) -> int:
    """An axis of a tensor counted without the batch axis; ``rank`` is that without the batch axis."""
    axis %= rank + 1
    if axis == 0:
        raise NotUnderstood("over the batch axis")
    return axis - 1


def split(call: Call) -> tuple[str, ...]:
    return _split(call, value=1, axis=0)


def split_v(call: Call) -> tuple[str, ...]:
    return _split(call, value=0, axis=2)


def _split(call: Call, value: int, axis: int) -> tuple[str, ...]:
    rank = len(call.input_shape(value))
    axis = _sample_axis(int(call.constant(axis).item()), rank)
    names, begin = [], [0] * rank
    for tensor in call.operator.outputs:
        shape = tensor.shape[1:]
        fields = {"begin": tuple(begin), "strides": (1,) * rank, "shape": shape, "name": tensor.name}
        names.append(call.emit(ops.Slice, call.input(value), **fields))
        begin[axis] += shape[axis]
    return tuple(names)


def pad(call: Call) -> str:
    pads = [(int(before), int(after)) for before, after in call.constant(1)]
    value = float(call.constant(2).item()) if call.has_input(2) else 0.0
    if pads[0] != (0, 0):
        raise NotUnderstood("of the batch axis")
    return call.emit(ops.Pad, pads=tuple(pads[1:]), value=value)


def slice_(call: Call) -> str:
    begin = call.constant(1).tolist()
    return call.emit(ops.Slice, begin=tuple(begin[1:]), strides=(1,) * len(call.shape))


def strided_slice(call: Call) -> str:
    begin, end, strides = (call.constant(index).tolist() for index in (1, 2, 3))
    sizes = (1, *call.input_shape(0))
    masks = {name: call.options[f"{name}Mask"] for name in ("begin", "end", "shrinkAxis", "ellipsis", "newAxis")}
    if masks["ellipsis"] or masks["newAxis"] or masks["shrinkAxis"] & 1 or len(begin) != len(sizes):
        raise NotUnderstood("that makes or drops the batch axis or others")
    taken = []
    for axis, size in enumerate(sizes):
        bit = 1 << axis
        first = None if masks["begin"] & bit else begin[axis]
        last = None if masks["end"] & bit else end[axis]
        if masks["shrinkAxis"] & bit:
            index = begin[axis] % size
            taken.append(range(index, index + 1))
        else:
            taken.append(range(*slice(first, last, strides[axis]).indices(size)))
    if len(taken[0]) != 1:
        raise NotUnderstood("over the batch axis")
    shape = tuple(len(indices) for indices in taken[1:])
    starts, steps = tuple(indices.start for indices in taken[1:]), tuple(indices.step for indices in taken[1:])
    value = call.emit(ops.Slice, shape=shape, begin=starts, strides=steps)
    return value if shape == call.shape else call.emit(ops.Reshape, value)


def reshape(call: Call) -> str:
    if np.prod(call.shape) != np.prod(call.input_shape(0)):
        raise NotUnderstood("that moves the batch axis")
    return call.emit(ops.Reshape)


SHAPES: dict[str, Callable[[Call], str | tuple[str, ...]]] = {
    "CONCATENATION": concatenate,
    "EXPAND_DIMS": reshape,
    "PAD": pad,
    "PADV2": pad,
    "RESHAPE": reshape,
    "SLICE": slice_,
    "SPLIT": split,
    "SPLIT_V": split_v,
    "SQUEEZE": reshape,
    "STRIDED_SLICE": strided_slice,
}

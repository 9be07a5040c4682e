"""Which values of a network are whole numbers, and between which two they lie."""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph

_LARGEST = 2**24
"""float32 holds all whole numbers up to this one, so that the interpreter computes with them exactly."""


class Whole(NamedTuple):
    """The least and the most of whole numbers."""

    low: int
    high: int

    @property
    def largest(self) -> int:
        return max(-self.low, self.high)


SIGNS = Whole(-1, 1)
Ranges = dict[str, Whole | None]
"""By the name of a value; None where it is not always whole."""


def whole_values(graph: QuantGraph) -> Ranges:
    """The range of each value that is whole for all inputs of ``graph``; None for all others."""
    ranges: Ranges = {}
    for op in graph:
        inputs = [ranges[name] for name in op.inputs]
        found = None if None in inputs else _range(op, *inputs)
        ranges[op.name] = found if found is not None and found.largest < _LARGEST else None
        if isinstance(op, ops.Binarize):
            ranges[op.name] = SIGNS
        elif isinstance(op, ops.Quantize) and is_whole(op.levels):
            ranges[op.name] = _span(op.levels)
    return ranges


def only_signs(graph: QuantGraph) -> dict[str, bool]:
    """For each value, whether it is -1 or +1 for all inputs of ``graph``."""
    found: dict[str, bool] = {}
    for op in graph:
        brings_others = isinstance(op, ops.Pad) and abs(op.value) != 1
        moves = op.moves_elements and not brings_others and bool(op.inputs)
        found[op.name] = isinstance(op, ops.Binarize) or (moves and all(found[name] for name in op.inputs))
    return found


def is_whole(numbers) -> bool:
    """Whether all of ``numbers`` are whole and not infinite."""
    numbers = np.asarray(numbers, np.float64)
    return bool(np.all(np.isfinite(numbers)) and np.array_equal(numbers, np.rint(numbers)))


def sum_range(codes: np.ndarray, inputs: Whole, pad_value: float = 0.0) -> Whole:
    """The range of the sums of products of ``codes`` ``[..., out]`` with numbers of ``inputs``."""
    low, high = min(inputs.low, int(pad_value)), max(inputs.high, int(pad_value))
    columns = codes.reshape(-1, codes.shape[-1]).astype(np.int64)
    positive, negative = np.maximum(columns, 0).sum(0), np.minimum(columns, 0).sum(0)
    return Whole(int((positive * low + negative * high).min()), int((positive * high + negative * low).max()))


def _span(numbers) -> Whole:
    return Whole(int(np.min(numbers)), int(np.max(numbers)))


def line(op: ops.Affine) -> tuple[np.ndarray, np.ndarray]:
    """Slope and value at 0 of an ``Affine``, in double precision."""
    scale = op.scale.astype(np.float64)
    return scale, op.bias.astype(np.float64) - op.mean.astype(np.float64) * scale


@singledispatch
def _range(op: ops.Op, *inputs: Whole) -> Whole | None:
    """The range of a value that is computed from whole numbers; None where it need not be whole."""
    if op.moves_elements and inputs:
        return Whole(min(x.low for x in inputs), max(x.high for x in inputs))
    return None


@_range.register
def _(op: ops.Input):
    return Whole(0, 255) if op.takes_bytes else None


@_range.register
def _(op: ops.Pad, x):
    return _span([x.low, x.high, op.value]) if is_whole(op.value) else None


@_range.register
def _(op: ops.Linear, x):
    is_sum = op.kernel.scale is not None and np.all(op.kernel.scale == 1) and is_whole(getattr(op, "pad_value", 0))
    if not is_sum or not (op.bias is None or is_whole(op.bias)):
        return None
    low, high = sum_range(op.kernel.codes, x, getattr(op, "pad_value", 0))
    bias = np.zeros(1) if op.bias is None else op.bias
    return Whole(low + int(bias.min()), high + int(bias.max()))


@_range.register
def _(op: ops.Affine, x):
    scale, bias = line(op)
    if not (is_whole(scale) and is_whole(bias)):
        return None
    return _span([scale * x.low + bias, scale * x.high + bias])


@_range.register
def _(op: ops.Add, *inputs):
    return Whole(sum(x.low for x in inputs), sum(x.high for x in inputs))


@_range.register
def _(op: ops.Multiply, *inputs):
    product = inputs[0]
    for x in inputs[1:]:
        product = _span(np.multiply.outer(product, x))
    return product


@_range.register
def _(op: ops.Activation, x):
    match op.kind:
        case "relu":
            return Whole(max(x.low, 0), max(x.high, 0))
        case "relu6":
            return _span(np.clip(x, 0, 6))
        case "relu_n1_to_1":
            return _span(np.clip(x, -1, 1))
        case "clip" if is_whole(np.clip(op.alpha, -_LARGEST, _LARGEST)):
            return _span(np.clip(x, *op.alpha))
        case "abs":
            return Whole(0, x.largest)
        case "floor":
            return x
    return None

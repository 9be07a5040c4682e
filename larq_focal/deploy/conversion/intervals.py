"""Bounds of the values in a frozen graph, for every input that it may get: interval arithmetic, channel by channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from larq_focal.deploy.conversion.frozen import FrozenGraph, NodeDef, data_inputs
from larq_focal.keras import tf


@dataclass(frozen=True, eq=False)
class Interval:
    """Lowest and highest values: of a whole tensor ``[]``, or of each channel of its last axis ``[C]``."""

    low: np.ndarray
    high: np.ndarray

    @property
    def whole(self) -> Interval:
        """The same for all channels together."""
        return _interval(self.low.min(initial=np.inf), self.high.max(initial=-np.inf))

    @property
    def is_single(self) -> np.ndarray:
        """Whether there is but one value, of each channel."""
        return self.low == self.high


def _interval(low, high) -> Interval:
    return Interval(np.asarray(low, np.float64), np.asarray(high, np.float64))


_UNKNOWN, _ZERO = _interval(-np.inf, np.inf), _interval(0, 0)


class Intervals:
    """The interval of every tensor of a graph, computed when asked for. What is not known is unbounded."""

    def __init__(self, frozen: FrozenGraph):
        self._frozen = frozen
        self._known: dict[str, Interval] = {}

    def __getitem__(self, tensor: str) -> Interval:
        """The bounds of ``tensor``.

        The nodes that it depends on come first, one by one: graphs are deeper than Python's stack.
        """
        waiting = [self._frozen.source(tensor)]
        while waiting:
            node = waiting[-1]
            if missing := [operand for operand in self._operands(node) if operand not in self._known]:
                waiting += [self._frozen.nodes[operand] for operand in missing]
            else:
                waiting.pop()
                self._known[node.name] = self._of(node, [self._known[name] for name in self._operands(node)])
        return self._known[self._frozen.source(tensor).name]

    def _operands(self, node: NodeDef) -> list[str]:
        """The nodes whose values it takes; none for a constant, which is computed as a whole."""
        if self._frozen.is_constant(node.name):
            return []
        return [self._frozen.source(tensor).name for tensor in data_inputs(node)]

    def _of(self, node: NodeDef, operands: list[Interval]) -> Interval:
        if self._frozen.is_constant(node.name):
            return _of_values(self._frozen.constant(node.name))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            if node.op == "Placeholder":
                return _of_type(tf.as_dtype(node.attr["dtype"].type))
            if node.op in _RISING:
                return _checked(*map(_RISING[node.op], _ends(operands[0])))
            if node.op in _ON_INTERVALS:
                return _ON_INTERVALS[node.op](*operands[:3])
            if node.op in _WITH_GRAPH:
                return _WITH_GRAPH[node.op](self._frozen, node, operands)
        if node.op in _CHANNELWISE:
            return operands[0]
        return operands[0].whole if node.op in _MOVES else _UNKNOWN


def _of_values(values: np.ndarray) -> Interval:
    if values.dtype.kind not in "fiub" or values.size == 0 or not np.isfinite(values).all():
        return _UNKNOWN
    axes = tuple(range(values.ndim - 1))
    return _interval(values.min(axis=axes), values.max(axis=axes))


def _of_type(dtype: tf.DType) -> Interval:
    if dtype.is_bool:
        return _interval(0, 1)
    return _interval(dtype.min, dtype.max) if dtype.is_integer else _UNKNOWN


def _checked(low: np.ndarray, high: np.ndarray) -> Interval:
    """Bounds of an operation; what came out as no number, such as inf - inf, is unbounded."""
    return _interval(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))


def _union(*intervals: Interval) -> Interval:
    return _interval(
        reduce(np.minimum, [interval.low for interval in intervals]),
        reduce(np.maximum, [interval.high for interval in intervals]),
    )


def _product(a: Interval, b: Interval) -> Interval:
    """Values are finite, so that 0 times an open bound is 0."""
    ends = [np.nan_to_num(x * y, nan=0.0, posinf=np.inf, neginf=-np.inf) for x in _ends(a) for y in _ends(b)]
    return _interval(np.minimum.reduce(ends), np.maximum.reduce(ends))


def _ends(interval: Interval) -> tuple[np.ndarray, np.ndarray]:
    return interval.low, interval.high


def _quotient(a: Interval, b: Interval) -> Interval:
    if np.any((b.low <= 0) & (b.high >= 0)):
        return _UNKNOWN
    return _product(a, _interval(1 / b.high, 1 / b.low))


def _absolute(a: Interval) -> Interval:
    low = np.where((a.low <= 0) & (a.high >= 0), 0, np.minimum(np.abs(a.low), np.abs(a.high)))
    return _interval(low, np.maximum(np.abs(a.low), np.abs(a.high)))


def _square(a: Interval) -> Interval:
    absolute = _absolute(a)
    return _interval(absolute.low**2, absolute.high**2)


def _sum(a: Interval, b: Interval) -> Interval:
    return _checked(a.low + b.low, a.high + b.high)


def _negative(a: Interval) -> Interval:
    return _interval(-a.high, -a.low)


def _greater_equal(a: Interval, b: Interval) -> Interval:
    return _interval(a.low >= b.high, a.high >= b.low)


def _greater(a: Interval, b: Interval) -> Interval:
    return _interval(a.low > b.high, a.high > b.low)


def _not(a: Interval) -> Interval:
    return _interval(1 - a.high, 1 - a.low)


def _chosen(condition: Interval, a: Interval, b: Interval) -> Interval:
    both = _union(a, b)
    low = np.where(condition.low == 1, a.low, np.where(condition.high == 0, b.low, both.low))
    high = np.where(condition.low == 1, a.high, np.where(condition.high == 0, b.high, both.high))
    return _interval(low, high)


def _with_zeros(a: Interval, *_: Interval) -> Interval:
    return _union(a, _ZERO)


def _multiplied(frozen: FrozenGraph, node: NodeDef, operands: list[Interval]) -> Interval:
    first, second = (frozen.source(tensor).name for tensor in data_inputs(node))
    return _square(operands[0]) if first == second else _product(*operands)


def _leaky_relu(frozen: FrozenGraph, node: NodeDef, operands: list[Interval]) -> Interval:
    alpha = node.attr["alpha"].f
    if alpha < 0:
        return _UNKNOWN
    low, high = _ends(operands[0])
    return _checked(np.where(low < 0, alpha * low, low), np.where(high < 0, alpha * high, high))


def _normalised(frozen: FrozenGraph, node: NodeDef, operands: list[Interval]) -> Interval:
    """``FusedBatchNormV3`` in inference: x, scale, offset, mean and variance."""
    x, scale, offset, mean, variance = operands
    if node.attr["is_training"].b or not (variance.is_single.all() and np.all(variance.low >= 0)):
        return _UNKNOWN
    deviation = np.sqrt(variance.low + node.attr["epsilon"].f)
    factor = _product(scale, _interval(1 / deviation, 1 / deviation))
    return _sum(_product(_sum(x, _negative(mean)), factor), offset)


def _weighted(frozen: FrozenGraph, node: NodeDef, operands: list[Interval]) -> Interval:
    """A convolution or product with a constant kernel whose last axis is the output's channels."""
    kernel = frozen.constant(node.input[1])
    if kernel is None or node.attr["transpose_b"].b or node.attr["adj_y"].b:
        return _UNKNOWN
    x = operands[0].whole
    if node.attr["padding"].s not in (b"", b"VALID"):
        x = _with_zeros(x)
    axes = tuple(range(kernel.ndim - 1))
    above, below = (part.sum(axis=axes, dtype=np.float64) for part in (np.maximum(kernel, 0), np.minimum(kernel, 0)))
    return _sum(_product(_interval(above, above), x), _product(_interval(below, below), x))


def _cast(frozen: FrozenGraph, node: NodeDef, operands: list[Interval]) -> Interval:
    """To floats alone: to integers it cuts, and may run over."""
    return operands[0] if tf.as_dtype(node.attr["DstT"].type).is_floating else _UNKNOWN


def _padded(frozen: FrozenGraph, node: NodeDef, operands: list[Interval]) -> Interval:
    """With zeros, or with the value of ``PadV2``; there may be new channels."""
    paddings = frozen.constant(node.input[1])
    x = operands[0] if paddings is not None and not paddings[-1].any() else operands[0].whole
    return _union(x, operands[2].whole if node.op == "PadV2" else _ZERO)


def _joined(frozen: FrozenGraph, node: NodeDef, operands: list[Interval]) -> Interval:
    return _union(*(operand.whole for operand in operands[:-1]))


_RISING: dict[str, Callable] = {
    "Relu": lambda x: np.maximum(x, 0),
    "Relu6": lambda x: np.clip(x, 0, 6),
    "Elu": lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "Softplus": lambda x: np.logaddexp(x, 0),
    "Softsign": lambda x: np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x))),
    "Exp": np.exp,
    "Sqrt": lambda x: np.sqrt(np.maximum(x, 0)),
    "Sign": np.sign,
    "Round": np.round,
    "Rint": np.round,
    "Floor": np.floor,
    "Ceil": np.ceil,
}
"""Functions that never fall."""

_ON_INTERVALS: dict[str, Callable[..., Interval]] = {
    "Add": _sum,
    "AddV2": _sum,
    "BiasAdd": _sum,
    "Sub": lambda a, b: _sum(a, _negative(b)),
    "RealDiv": _quotient,
    "Maximum": lambda a, b: _interval(np.maximum(a.low, b.low), np.maximum(a.high, b.high)),
    "Minimum": lambda a, b: _interval(np.minimum(a.low, b.low), np.minimum(a.high, b.high)),
    "ClipByValue": lambda x, low, high: _interval(
        np.minimum(np.maximum(x.low, low.low), high.low), np.minimum(np.maximum(x.high, low.high), high.high)
    ),
    "Neg": _negative,
    "Abs": _absolute,
    "Square": _square,
    "GreaterEqual": _greater_equal,
    "Greater": _greater,
    "LessEqual": lambda a, b: _greater_equal(b, a),
    "Less": lambda a, b: _greater(b, a),
    "LogicalNot": _not,
    "LogicalAnd": lambda a, b: _interval(np.minimum(a.low, b.low), np.minimum(a.high, b.high)),
    "LogicalOr": lambda a, b: _interval(np.maximum(a.low, b.low), np.maximum(a.high, b.high)),
    "Select": _chosen,
    "SelectV2": _chosen,
    "Softmax": lambda x: _interval(0, 1),
    "SpaceToBatchND": _with_zeros,
}

_CHANNELWISE = ("MaxPool", "AvgPool", "ResizeNearestNeighbor", "ResizeBilinear")
_MOVES = (
    *("Reshape", "Squeeze", "ExpandDims", "Transpose", "Slice", "StridedSlice", "Gather", "GatherV2", "Tile"),
    *("BroadcastTo", "Mean", "Max", "Min", "BatchToSpaceND", "DepthToSpace", "SpaceToDepth"),
)
"""Operations whose values lie between those that they get: in each channel, or in all of them."""

_WITH_GRAPH: dict[str, Callable[[FrozenGraph, NodeDef, list[Interval]], Interval]] = {
    "LeakyRelu": _leaky_relu,
    "FusedBatchNormV3": _normalised,
    "Mul": _multiplied,
    "Conv2D": _weighted,
    "MatMul": _weighted,
    "ConcatV2": _joined,
    "Pad": _padded,
    "PadV2": _padded,
    "Cast": _cast,
}

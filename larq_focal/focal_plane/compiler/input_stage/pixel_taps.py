"""Which pixels of the image a value depends on: the same few around every pixel, read off the operations."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Op, Pair

Taps = list[frozenset[Pair]]  # by channel, rows and columns from the pixel that has the output's own indices
_BY_PIXEL = ops.Affine | ops.Activation | ops.Binarize | ops.Quantize | ops.UniformQuantize


class NotByWindow(ValueError):
    """A value is not computed from the same few pixels everywhere; the message tells why."""


def pixel_taps(graph: QuantGraph, op: Op) -> Taps:
    """The pixels that each channel of ``op`` can depend on; those of a gradient are (1, 2) and (1, 0), for example.

    Raises:
        NotByWindow: an operation before it does more than cut out, stack, and compute pixel by pixel.
    """
    taps: dict[str, Taps] = {}
    for step in _before(graph, op):
        taps[step.name] = _taps(graph, step, [taps[name] for name in step.inputs])
    return taps[op.name]


def on_one_window(graph: QuantGraph, op: Op) -> QuantGraph:
    """The operations up to ``op`` on an image that gives one pixel of it, for a value that has ``pixel_taps``."""
    rows, columns = (size - 1 for size in op.shape[:2])
    steps = []
    for step in _before(graph, op):
        height, width, channels = step.shape
        steps.append(dataclasses.replace(step, shape=(height - rows, width - columns, channels)))
    return graph.rewritten(steps, [op.name])


def _before(graph: QuantGraph, op: Op) -> list[Op]:
    """``op`` and the operations that it needs, in the order of the graph."""
    needed = {op.name}
    for step in reversed(graph.ops):
        if step.name in needed:
            needed.update(step.inputs)
    return [step for step in graph if step.name in needed]


def _taps(graph: QuantGraph, op: Op, before: list[Taps]) -> Taps:
    if isinstance(op, ops.Input) and len(op.shape) == 3:
        return [frozenset({(0, 0)})] * op.shape[-1]
    if isinstance(op, ops.Slice) and op.strides[:2] == (1, 1):
        row, column, channel = op.begin
        cut = before[0][channel :: op.strides[2]][: op.shape[2]]
        return [frozenset((y + row, x + column) for y, x in taps) for taps in cut]
    if isinstance(op, ops.Concat) and op.axis in (-1, 2):
        return [taps for value in before for taps in value]
    if isinstance(op, ops.Add | ops.Multiply) and all(graph[name].shape == op.shape for name in op.inputs):
        return [frozenset().union(*taps) for taps in zip(*before, strict=True)]
    if isinstance(op, _BY_PIXEL) and _is_alike_everywhere(op):
        return before[0]
    raise NotByWindow(f"'{op.name}' ({type(op).__name__}) does not work alike on every pixel by itself")


def _is_alike_everywhere(op: Op) -> bool:
    constants = [value for value in vars(op).values() if isinstance(value, np.ndarray)]
    is_softmax = isinstance(op, ops.Activation) and op.kind == "softmax"
    return not is_softmax and all(constant.ndim < 2 for constant in constants)

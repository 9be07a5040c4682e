"""Where sums of layers are integers, and how large they can be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph

_MOST_HALVINGS = 12
"""Kernels of a few levels are multiples of 1, of 0.5, and so on, down to this power of 0.5."""

_FIRST = 256


def only_moves(op: ops.Op) -> bool:
    """Whether each element of the value is one of an input's, and no constant stands beside them."""
    return op.moves_elements and not isinstance(op, ops.Pad)


def largest_sum(graph: QuantGraph, layer: ops.Linear) -> int | None:
    """The largest magnitude that the sums of ``layer`` can have, or None where they are not integers."""
    largest = largest_integer(graph, graph[layer.inputs[0]])
    if largest is None or layer.kernel.scale is None:
        return None
    if isinstance(layer, ops.Conv2D) and layer.padding == "same":
        if layer.pad_value != int(layer.pad_value):
            return None
        largest = max(largest, abs(int(layer.pad_value)))
    if layer.kernel.is_binary:
        return largest * layer.kernel.fan_in
    return largest * int(np.abs(layer.kernel.codes.astype(np.int64)).reshape(-1, layer.shape[-1]).sum(0).max())


class Grid(NamedTuple):
    """Multiples of ``step``, a power of two, of which float32 holds each: from ``-most`` to ``most`` times the step."""

    step: float
    most: int


def sum_grid(graph: QuantGraph, layer: ops.Linear) -> Grid | None:
    """What all sums of ``layer``, without bias, lie on, whatever their order; None if unknown."""
    largest, padding = largest_integer(graph, graph[layer.inputs[0]]), np.float32([getattr(layer, "pad_value", 0)])
    values = layer.kernel.values()
    if largest is None or (kernel_step := _step(values)) is None or (padding_step := _step(padding)) is None:
        return None
    step = kernel_step * padding_step
    largest = max(largest, abs(float(padding[0])))
    highest = largest * np.abs(values).reshape(-1, values.shape[-1]).sum(0, dtype=np.float64).max(initial=0)
    most = int(np.ceil(highest / step))
    return Grid(step, most) if most < 2**24 else None


def _step(values: np.ndarray) -> float | None:
    """The largest power of 0.5 of which all values are multiples."""
    return next((float(step) for step in 0.5 ** np.arange(_MOST_HALVINGS) if _are_multiples(values, step)), None)


def _are_multiples(values: np.ndarray, step: float) -> bool:
    first = values.flat[:_FIRST] / np.float32(step)  # of most kernels, few are enough to say no
    return np.array_equal(first, np.rint(first)) and not np.any(np.fmod(values, np.float32(step)))


def largest_integer(graph: QuantGraph, op: ops.Op) -> int | None:
    """The largest magnitude among the values of ``op`` if all are integers, else None."""
    if isinstance(op, ops.Binarize):
        return 1
    if isinstance(op, ops.Quantize):
        return int(np.abs(op.levels).max()) if np.array_equal(op.levels, np.rint(op.levels)) else None
    if only_moves(op):
        largest = [largest_integer(graph, graph[name]) for name in op.inputs]
        return None if None in largest else max(largest)
    if isinstance(op, ops.Pad) and float(op.value).is_integer():
        largest = largest_integer(graph, graph[op.inputs[0]])
        return None if largest is None else max(largest, abs(int(op.value)))
    return None

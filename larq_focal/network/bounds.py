"""Bounds of the values in a graph, for every input that it may get: interval arithmetic, element by element."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from larq_focal.network import ops
from larq_focal.network.computation import compute
from larq_focal.network.graph import QuantGraph

_ROUNDED = ("sigmoid", "tanh")
"""Activations that rise with the input, but for their rounding."""


def bounds(graph: QuantGraph) -> Iterator[tuple[str, np.ndarray]]:
    """The name of each value in turn, and the least and the most that its elements may be: ``[2, ...]``.

    Holds for all inputs of the graph; what layers with weights give is taken to be unbounded. An array is let go once
    all that depends on it has passed by.
    """
    reads = Counter(name for op in graph for name in op.inputs)
    known: dict[str, np.ndarray] = {}
    for op in graph:
        with np.errstate(all="ignore"):  # infinite ends give NaN, which stands for unbounded
            ends = _ends(op, [known[name] for name in op.inputs])
        low = np.where(np.isnan(ends).any(0), -np.inf, ends.min(0))
        high = np.where(np.isnan(ends).any(0), np.inf, ends.max(0))
        known[op.name] = np.stack([low, high]).astype(np.float32)
        yield op.name, known[op.name]
        for name in op.inputs:
            reads[name] -= 1
            if not reads[name]:
                known.pop(name, None)


def _ends(op: ops.Op, inputs: list[np.ndarray]) -> np.ndarray:
    if op.is_monotonic or (isinstance(op, ops.Activation) and op.kind in _ROUNDED):
        return compute(op, *inputs)
    return np.stack([np.full(op.shape, limit, np.float32) for limit in op.limits])

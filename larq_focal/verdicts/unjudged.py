"""The parts of a network that have no verdict, wherever they run."""

from __future__ import annotations

from collections.abc import Iterator

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph

_LAYERS = ops.Conv2D | ops.Dense


def unjudged_operations(graph: QuantGraph) -> Iterator[str]:
    """A sentence for each operation that is not understood, wherever it runs, and each layer of another kind."""
    for op in graph:
        if isinstance(op, ops.Unknown):
            yield f"'{op.name}': {op.kind} is not understood, and was not judged"
        elif isinstance(op, ops.Weighted) and not is_judged_layer(op):
            yield f"'{op.name}': {type(op).__name__} is a layer that was not judged; convolutions and dense layers are"


def is_judged_layer(op: ops.Op) -> bool:
    """Whether a layer is of a kind that has a verdict."""
    return isinstance(op, _LAYERS)

"""What runs on the controller beside the array."""

from __future__ import annotations

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Conv2D, Dense, GlobalPool, Op


def on_controller(graph: QuantGraph) -> set[str]:
    """Names of the operations that run on the controller: dense layers, global averages and what follows them.

    A convolution whose kernel covers its whole input is a dense layer.
    """
    there: set[str] = set()
    for op in graph:
        starts = _is_dense(graph, op) or (isinstance(op, GlobalPool) and op.kind == "average")
        if starts or (any(name in there for name in op.inputs) and not isinstance(op, Conv2D)):
            there.add(op.name)
    return there


def _is_dense(graph: QuantGraph, op: Op) -> bool:
    if not isinstance(op, Conv2D):
        return isinstance(op, Dense)
    area = graph[op.inputs[0]].shape[:2]
    return op.padding == "valid" and op.groups == 1 and area != (1, 1) and op.kernel.shape[:2] == area

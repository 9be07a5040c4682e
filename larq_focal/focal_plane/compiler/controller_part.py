"""What runs on the controller beside the array."""

from __future__ import annotations

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Binarize, Conv2D, Dense, GlobalPool, Op, Reshape


def on_controller(graph: QuantGraph) -> set[str]:
    """Names of the operations that run on the controller: dense layers, global averages and what follows them.

    A convolution whose kernel covers its whole input is a dense layer, and so is one over flattened maps, as files hold
    packed dense layers.
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
    if op.groups != 1 or op.kernel.shape[:2] != area:
        return False
    return _is_flattened(graph, op.inputs[0]) if area == (1, 1) else op.padding == "valid"


def _is_flattened(graph: QuantGraph, name: str) -> bool:
    """Whether a value, perhaps binarized, is a map of more than one pixel as channels of one."""
    op = graph[name]
    while isinstance(op, Binarize):
        op = graph[op.inputs[0]]
    return isinstance(op, Reshape) and graph[op.inputs[0]].shape[:2] != (1, 1)

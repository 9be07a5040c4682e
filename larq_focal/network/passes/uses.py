"""Who reads which value of a graph: what most passes ask."""

from __future__ import annotations

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph, needed
from larq_focal.network.names import new_name


class Uses:
    """The consumers of every value."""

    def __init__(self, graph: QuantGraph):
        self._graph = graph
        self._consumers: dict[str, list[ops.Op]] = {op.name: [] for op in graph}
        for op in graph:
            for name in dict.fromkeys(op.inputs):
                self._consumers[name].append(op)

    def of(self, op: ops.Op) -> list[ops.Op]:
        return self._consumers[op.name]

    def only(self, op: ops.Op) -> ops.Op | None:
        """The consumer of ``op`` if it is the only one and the value is not an output."""
        consumers = self._consumers[op.name]
        return consumers[0] if len(consumers) == 1 and op.name not in self._graph.outputs else None

    def is_used_once(self, op: ops.Op) -> bool:
        return self.only(op) is not None


class NewNames:
    """Names for new operations that no operation of a graph has, and none that was named before."""

    def __init__(self, graph: QuantGraph):
        self._taken = {op.name for op in graph}

    def __call__(self, wanted: str) -> str:
        """``wanted``, with a number behind it if it is taken."""
        name = new_name(wanted, self._taken)
        self._taken.add(name)
        return name


def without_unused(graph: QuantGraph) -> QuantGraph:
    """The graph without operations that no output needs; inputs stay."""
    kept = needed(graph, graph.outputs)
    return graph.rewritten(op for op in graph if op.name in kept or isinstance(op, ops.Input))

"""The graph of what was read, whose outputs are called as the file calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from larq_focal.network.builder import GraphBuilder
from larq_focal.network.graph import QuantGraph, needed
from larq_focal.network.names import new_name
from larq_focal.network.ops import Input


def graph_of(builder: GraphBuilder, name: str, outputs: Sequence[str], output_names: Sequence[str]) -> QuantGraph:
    """The inputs and what the values ``outputs`` depend on; these are renamed.

    Raises:
        GraphError: the operations contradict each other.
    """
    renamed = _new_names(builder, outputs, output_names)
    kept = needed(builder, outputs)
    operations = [
        replace(op, name=renamed.get(op.name, op.name), inputs=tuple(renamed.get(i, i) for i in op.inputs))
        for op in builder
        if op.name in kept or isinstance(op, Input)
    ]
    return QuantGraph(name, operations, [renamed.get(output, output) for output in outputs])


def _new_names(builder: GraphBuilder, outputs: Sequence[str], output_names: Sequence[str]) -> dict[str, str]:
    """New names by old ones: outputs get theirs, and what had one of these before (a step on the way) another."""
    renamed: dict[str, str] = {}
    for value, name in zip(outputs, output_names, strict=True):
        if value != name and value not in renamed and not isinstance(builder[value], Input):
            renamed[value] = name
    old = {op.name for op in builder}
    taken = {*old, *renamed.values()}
    for name in sorted(set(renamed.values()) & old - renamed.keys()):
        renamed[name] = new_name(f"{name}/{type(builder[name]).__name__.lower()}", taken)
        taken.add(renamed[name])
    return renamed

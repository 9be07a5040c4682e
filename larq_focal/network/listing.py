"""A graph as a table: an operation a row, in the order in which they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Op, Weighted
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, add_words, new_table
from larq_focal.text import counted, shape_text


@dataclass(frozen=True, repr=False)
class Listing(Result):
    """The operations of ``graph``; ``stage`` says after what it stands there."""

    graph: QuantGraph
    stage: str = ""

    @property
    def headline(self) -> str:
        return f"{self.graph.name}{self.stage and f' {self.stage}'}, {counted(len(self.graph), 'operation')}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.graph.name,
            "stage": self.stage,
            "operations": [_row(self.graph, op) for op in self.graph],
            "outputs": list(self.graph.outputs),
        }

    def __rich__(self) -> Table:
        table = new_table(self.headline)
        add_name(table, "operation")
        add_words(table, "kind")
        table.add_column("reads", overflow="fold")
        add_words(table, "shape")
        add_figures(table, "bits")
        add_words(table, "kernel")
        for op in self.graph:
            row = _row(self.graph, op)
            kernel = f"{shape_text(row['kernel'])}, {counted(row['kernel_bits'], 'bit')}" if row["kernel"] else ""
            reads, shape = ", ".join(row["reads"]), shape_text(row["shape"])
            table.add_row(row["operation"], row["kind"], reads, shape, str(row["bits"]), kernel)
        return table


def _row(graph: QuantGraph, op: Op) -> dict[str, Any]:
    kind = type(op).__name__ + (f" ({op.kind})" if hasattr(op, "kind") else "")
    kernel = op.kernel if isinstance(op, Weighted) else None
    return {
        "operation": op.name,
        "kind": kind,
        "reads": list(op.inputs),
        "shape": list(op.shape),
        "bits": graph.bits(op.name),
        "kernel": None if kernel is None else list(kernel.shape),
        "kernel_bits": None if kernel is None else kernel.bits,
    }

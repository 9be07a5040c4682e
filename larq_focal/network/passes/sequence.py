"""A list of named passes, run in order, with the graph checked behind each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.passes.shapes import check_shapes

Pass = Callable[[QuantGraph], QuantGraph]
Passes = Mapping[str, Pass]
"""Passes by their names, in the order in which they run."""
After = Callable[[str, QuantGraph], None]
"""Is called with the name of each pass and the graph that it gave, to look at the stages."""


def run_passes(graph: QuantGraph, passes: Passes, *, after: After | None = None) -> QuantGraph:
    """``graph`` as the last of ``passes`` gives it; what each of them changes is checked.

    Raises:
        GraphError: a pass gave a graph that contradicts itself, which is a fault of the pass; the message names it.
    """
    for name, rewrite in passes.items():
        try:
            rewritten = rewrite(graph)
            check_shapes(rewritten, known=graph)
        except GraphError as error:
            raise GraphError(f"The pass '{name}' failed on '{graph.name}': {error}") from error
        graph = rewritten
        if after is not None:
            after(name, graph)
    return graph


def passes_until(passes: Passes, last: str) -> Passes:
    """Those of ``passes`` up to ``last``, which is one of them."""
    names = list(passes)
    return {name: passes[name] for name in names[: names.index(last) + 1]}

"""The array form of a network: layers of one-bit inputs whose signs are thresholds on whole numbers, wherever it can.

Compiling, judging and the programs of single layers all start from it.
"""

from __future__ import annotations

from larq_focal.focal_plane.compiler.input_stage.few_levels import levels_as_signs
from larq_focal.focal_plane.compiler.integer_form.fold import fold_thresholds
from larq_focal.focal_plane.compiler.integer_form.fold_sums import fold_sums
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.sequence import After, Passes, run_passes

LEVELS_AS_SIGNS = "images of a few levels as signs"

PASSES: Passes = {
    LEVELS_AS_SIGNS: levels_as_signs,
    "what follows a layer into thresholds on its sums": fold_thresholds,
    "what follows added layers into thresholds on whole sums": fold_sums,
}


def array_form(graph: QuantGraph, *, after: After | None = None) -> QuantGraph:
    """``graph`` in the form that the pixel array computes, exactly: what has none stays as it is.

    Args:
        graph: the network.
        after: is called with the name of each pass and the graph that it gave, to look at the stages.

    Raises:
        GraphError: a pass gave a graph that contradicts itself, which is a fault of the pass.
    """
    return run_passes(graph, PASSES, after=after)

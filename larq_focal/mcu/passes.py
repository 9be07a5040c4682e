"""What brings a network into the form that is written in C: a list of passes, as files have theirs."""

from __future__ import annotations

from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.affines import fold_into_layers, merge_affines
from larq_focal.network.passes.directions import flips_into_kernels
from larq_focal.network.passes.moves import join_reshapes, pools_of_one_pixel, signs_before_pooling
from larq_focal.network.passes.sequence import After, Passes, run_passes
from larq_focal.network.passes.shapes import check_shapes
from larq_focal.network.passes.thresholds import fold_into_thresholds
from larq_focal.network.passes.uses import without_unused

PASSES: Passes = {
    "unused operations left out": without_unused,
    "pooling of one pixel as a reshape": pools_of_one_pixel,
    "what leads to a sign into thresholds": fold_into_thresholds,
    "signs before pooling": signs_before_pooling,
    "what leads to a pooled sign into thresholds": fold_into_thresholds,
    "reshapes joined": join_reshapes,
    "flipped signs into kernels": flips_into_kernels,
    "normalisations joined": merge_affines,
    "normalisations into layers": fold_into_layers,
}


def lower_for_c(graph: QuantGraph, *, after: After | None = None) -> QuantGraph:
    """``graph`` in whole numbers and thresholds wherever it can be that.

    Values differ from those of ``graph`` by the rounding of float sums and products; signs of whole sums are exactly
    the same.

    Args:
        graph: the network.
        after: is called with the name of each pass and the graph that it gave.

    Raises:
        GraphError: the graph contradicts itself.
    """
    check_shapes(graph)
    return run_passes(graph, PASSES, after=after)

"""Lowering: rewrites of a QuantGraph that keep what it computes and bring it into the form of a target's operators.

Every pass is a function of a graph that gives another one of the same inputs and outputs. ``PASSES`` is the list of
those for files with packed binary operators, in their order.
"""

from __future__ import annotations

from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.affines import fold_into_layers, merge_affines
from larq_focal.network.passes.dense import dense_as_convolution, flattened_map_as_window
from larq_focal.network.passes.directions import flips_into_kernels
from larq_focal.network.passes.moves import (
    affines_before_reshapes,
    join_reshapes,
    pools_of_one_pixel,
    reshape_before_quantizers,
    signs_before_pooling,
)
from larq_focal.network.passes.padding import pads_as_operations, pads_of_minus_one
from larq_focal.network.passes.planes import few_bits_as_planes
from larq_focal.network.passes.scales import scales_behind_sums, thresholds_into_bias, thresholds_on_grids
from larq_focal.network.passes.sequence import After, Pass, Passes, run_passes
from larq_focal.network.passes.shapes import check_shapes
from larq_focal.network.passes.thresholds import fold_into_thresholds, normal_thresholds
from larq_focal.network.passes.uses import without_unused
from larq_focal.network.passes.zeros_around_signs import zeros_around_signs

PASSES: Passes = {
    "unused operations left out": without_unused,
    "pooling of one pixel as a reshape": pools_of_one_pixel,
    "signs padded with -1": pads_of_minus_one,
    "dense layers as convolutions of one pixel": dense_as_convolution,
    "what leads to a sign into thresholds": fold_into_thresholds,
    "signs before pooling": signs_before_pooling,
    "what leads to a pooled sign into thresholds": fold_into_thresholds,
    "flattened maps as windows": flattened_map_as_window,
    "reshapes before quantizers": reshape_before_quantizers,
    "reshapes joined": join_reshapes,
    "normalisations before reshapes": affines_before_reshapes,
    "few bits as sums of bits": few_bits_as_planes,
    "weights of planes into thresholds": fold_into_thresholds,
    "flipped signs into kernels": flips_into_kernels,
    "zeros around signs as ones": zeros_around_signs,
    "scales behind sums": scales_behind_sums,
    "normalisations joined": merge_affines,
    "normalisations into float layers": fold_into_layers,
    "thresholds in normal numbers": normal_thresholds,
    "thresholds on grids of sums": thresholds_on_grids,
    "thresholds into biases": thresholds_into_bias,
    "padding as an operation": pads_as_operations,
}


def lower(graph: QuantGraph, *, after: After | None = None) -> QuantGraph:
    """``graph`` as binary convolutions with a multiplier and a bias or a threshold, wherever it can be that.

    Values differ from those of ``graph`` by the rounding of float sums and products; signs of integer sums, and what
    is folded into a threshold, are exactly the same.

    Args:
        graph: the network.
        after: is called with the name of each pass and the graph that it gave, to look at the stages.

    Raises:
        GraphError: the graph contradicts itself; or a pass gave one that does, which is a fault of the pass.
    """
    check_shapes(graph)
    return run_passes(graph, PASSES, after=after)


def lower_to_builtins(graph: QuantGraph) -> QuantGraph:
    """``graph`` in what the operators of TensorFlow Lite, and engines for them, can do."""
    graph = pools_of_one_pixel(without_unused(graph))
    graph = thresholds_on_grids(normal_thresholds(graph), packs=False)
    return pads_as_operations(graph, packs=False)


__all__ = ["PASSES", "Pass", "check_shapes", "lower", "lower_to_builtins"]

"""What brings a network into the form that is written in C: a list of passes, as files have theirs."""

from __future__ import annotations

from larq_focal.mcu.two_levels import two_levels_as_signs
from larq_focal.mcu.whole import sum_range, whole_values
from larq_focal.mcu.whole_inputs import whole_inputs
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.affines import fold_into_layers, merge_affines
from larq_focal.network.passes.directions import flips_into_kernels
from larq_focal.network.passes.moves import join_reshapes, pools_of_one_pixel, signs_before_pooling
from larq_focal.network.passes.sequence import After, Passes, run_passes
from larq_focal.network.passes.shapes import check_shapes
from larq_focal.network.passes.thresholds import fold_into_thresholds
from larq_focal.network.passes.uses import without_unused


def scores_before_softmax(graph: QuantGraph) -> QuantGraph:
    """Leaves out a softmax whose value is an output and nothing else: the largest score stays the largest."""
    read = {name for op in graph for name in op.inputs}

    def is_left_out(op: ops.Op) -> bool:
        is_softmax = isinstance(op, ops.Activation) and op.kind == "softmax"
        return is_softmax and op.name in graph.outputs and op.name not in read

    return graph.rewritten(
        ops.Reshape(name=op.name, inputs=op.inputs, shape=op.shape, origin=op.origin) if is_left_out(op) else op
        for op in graph
    )


def thresholds_of_whole_sums(graph: QuantGraph) -> QuantGraph:
    """What leads to a sign as a threshold, on the whole sums of layers wherever their inputs are whole."""
    ranges = whole_values(graph)

    def largest_sum(graph: QuantGraph, layer: ops.Linear) -> int | None:
        inputs, pad_value = ranges[layer.inputs[0]], getattr(layer, "pad_value", 0.0)
        if inputs is None or layer.kernel.scale is None or not float(pad_value).is_integer():
            return None
        return sum_range(layer.kernel.codes, inputs, pad_value).largest

    return fold_into_thresholds(graph, largest_sum)


def signs_before_all_pooling(graph: QuantGraph) -> QuantGraph:
    """Max-pooling of bits in place of max-pooling of sums."""
    return signs_before_pooling(graph, lambda graph, op: True)


PASSES: Passes = {
    "unused operations left out": without_unused,
    "scores before a softmax": scores_before_softmax,
    "pooling of one pixel as a reshape": pools_of_one_pixel,
    "two levels as signs": two_levels_as_signs,
    "inputs of layers as whole numbers": whole_inputs,
    "what leads to a sign into thresholds": thresholds_of_whole_sums,
    "signs before pooling": signs_before_all_pooling,
    "what leads to a pooled sign into thresholds": thresholds_of_whole_sums,
    "reshapes joined": join_reshapes,
    "flipped signs into kernels": flips_into_kernels,
    "normalisations joined": merge_affines,
    "normalisations into layers": fold_into_layers,
    "unused operations left out again": without_unused,
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

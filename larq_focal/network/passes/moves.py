"""Signs, poolings and reshapes in the order in which bits can stay packed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.packable import why_not_packable
from larq_focal.network.passes.uses import Uses, without_unused
from larq_focal.network.rewired import rewired


def _reads_bits(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether a packed convolution can be made of ``op``."""
    return why_not_packable(graph, op) is None


def signs_before_pooling(
    graph: QuantGraph, wants_bits: Callable[[QuantGraph, ops.Op], bool] = _reads_bits
) -> QuantGraph:
    """Max-pooling of signs in place of the signs of max-pooled values, where packed bits are wanted.

    ``max(x) >= t`` holds where some ``x >= t``, and so the sign of the maximum is the maximum of the signs. In a
    flipped channel it would be the minimum, which stays as it is.

    Args:
        graph: the network.
        wants_bits: whether an operation that reads the signs is faster with bits.
    """

    def swaps(pool: ops.Op, sign: ops.Op, graph: QuantGraph, uses: Uses) -> bool:
        is_rising = isinstance(sign, ops.Binarize) and sign.flip is None and np.ndim(sign.threshold) <= 1
        is_max = isinstance(pool, ops.Pool2D) and pool.kind == "max"
        return is_max and is_rising and any(wants_bits(graph, after) for after in uses.of(sign))

    return _swapped(graph, swaps)


def reshape_before_quantizers(graph: QuantGraph) -> QuantGraph:
    """Quantizers of a reshaped value in place of reshaped levels: both go element by element.

    One with a threshold per channel stays where the channels do not.
    """

    def swaps(quantizer: ops.Op, reshape: ops.Op, graph: QuantGraph, uses: Uses) -> bool:
        if not isinstance(reshape, ops.Reshape) or not isinstance(quantizer, ops.Quantize | ops.Binarize):
            return False
        if isinstance(quantizer, ops.Quantize) or (quantizer.flip is None and np.ndim(quantizer.threshold) == 0):
            return True
        return np.ndim(quantizer.threshold) <= 1 and reshape.shape[-1:] == quantizer.shape[-1:]

    return _swapped(graph, swaps)


def affines_before_reshapes(graph: QuantGraph) -> QuantGraph:
    """Reshaped values of a normalisation in place of normalised reshaped ones, where the channels stay.

    Beside a layer a normalisation becomes a part of it.
    """

    def swaps(reshape: ops.Op, affine: ops.Op, graph: QuantGraph, uses: Uses) -> bool:
        is_by_channel = isinstance(affine, ops.Affine) and affine.constant_axes <= 1
        return is_by_channel and isinstance(reshape, ops.Reshape) and _keeps_channels(graph, reshape)

    return _swapped(graph, swaps)


def _keeps_channels(graph: QuantGraph, reshape: ops.Reshape) -> bool:
    return graph[reshape.inputs[0]].shape[-1:] == reshape.shape[-1:]


def _swapped(graph: QuantGraph, swaps: Callable[[ops.Op, ops.Op, QuantGraph, Uses], bool]) -> QuantGraph:
    """Pairs of operations, the first of which only the second reads, in the other order, until there are none.

    Each takes the other's name, so that who reads the second finds the same value.
    """
    while (pair := _first_pair(graph, swaps)) is not None:
        first, second = pair
        shape = second.shape if isinstance(second, ops.Reshape) else graph[first.inputs[0]].shape
        earlier = dataclasses.replace(second, name=first.name, inputs=first.inputs, shape=shape)
        later = dataclasses.replace(first, name=second.name, inputs=(first.name,), shape=second.shape)
        replaced = {first.name: earlier, second.name: later}
        graph = graph.rewritten(replaced.get(op.name, op) for op in graph)
    return graph


def _first_pair(graph: QuantGraph, swaps) -> tuple[ops.Op, ops.Op] | None:
    uses = Uses(graph)
    for op in graph:
        if (second := uses.only(op)) is not None and swaps(op, second, graph, uses):
            return op, second
    return None


def pools_of_one_pixel(graph: QuantGraph) -> QuantGraph:
    """A reshape, which may be of the same shape, in place of pooling that takes one pixel to one pixel."""

    def keeps_pixels(op: ops.Op) -> bool:
        if isinstance(op, ops.Pool2D):
            return op.size == (1, 1) and op.strides == (1, 1)
        return isinstance(op, ops.GlobalPool) and graph[op.inputs[0]].shape[:2] == (1, 1)

    return graph.rewritten(
        ops.Reshape(name=op.name, inputs=op.inputs, shape=op.shape, origin=op.origin) if keeps_pixels(op) else op
        for op in graph
    )


def join_reshapes(graph: QuantGraph) -> QuantGraph:
    """One reshape in place of several in a row, and none where the shape is the same in the end."""
    renamed: dict[str, str] = {}
    result: list[ops.Op] = []
    made: dict[str, ops.Op] = {}
    for op in graph:
        op = rewired(op, renamed)
        if isinstance(op, ops.Reshape):
            source = made[op.inputs[0]]
            if isinstance(source, ops.Reshape):
                op = rewired(op, {source.name: source.inputs[0]})
            if made[op.inputs[0]].shape == op.shape and op.name not in graph.outputs:
                renamed[op.name] = op.inputs[0]
                continue
        made[op.name] = op
        result.append(op)
    return without_unused(graph.rewritten(result))

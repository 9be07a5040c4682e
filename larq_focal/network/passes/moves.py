"""Signs, poolings and reshapes in the order in which bits can stay packed."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.fold import rewired
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.packable import why_not_packable
from larq_focal.network.passes.uses import Uses, without_unused


def signs_before_pooling(graph: QuantGraph) -> QuantGraph:
    """Max-pooling of signs in place of the signs of max-pooled values, where packed bits are wanted.

    ``max(x) >= t`` holds where some ``x >= t``, and so the sign of the maximum is the maximum of the signs. In a
    flipped channel it would be the minimum, which stays as it is.
    """

    def is_sign(op: ops.Op, graph: QuantGraph, uses: Uses) -> bool:
        is_plain = isinstance(op, ops.Binarize) and op.flip is None and np.ndim(op.threshold) <= 1
        return is_plain and any(why_not_packable(graph, after) is None for after in uses.of(op))

    def is_pool(op: ops.Op) -> bool:
        return isinstance(op, ops.Pool2D) and op.kind == "max"

    return _swapped(graph, is_pool, is_sign)


def reshape_before_signs(graph: QuantGraph) -> QuantGraph:
    """Signs of a reshaped value in place of reshaped signs, where the channels stay: both go element by element."""

    def is_reshape(op: ops.Op, graph: QuantGraph, uses: Uses) -> bool:
        return isinstance(op, ops.Reshape) and op.shape[-1:] == graph[op.inputs[0]].shape[-1:]

    def is_sign(op: ops.Op) -> bool:
        return isinstance(op, ops.Binarize) and np.ndim(op.threshold) <= 1

    return _swapped(graph, is_sign, is_reshape)


def _swapped(graph: QuantGraph, is_first, is_second) -> QuantGraph:
    """Pairs of operations, the first of which nobody else reads, in the other order, until there are none.

    Each takes the other's name, so that who reads the second finds the same value.
    """
    while (pair := _first_pair(graph, is_first, is_second)) is not None:
        first, second = pair
        shape = second.shape if isinstance(second, ops.Reshape) else graph[first.inputs[0]].shape
        earlier = dataclasses.replace(second, name=first.name, inputs=first.inputs, shape=shape)
        later = dataclasses.replace(first, name=second.name, inputs=(first.name,), shape=second.shape)
        replaced = {first.name: earlier, second.name: later}
        graph = graph.rewritten(replaced.get(op.name, op) for op in graph)
    return graph


def _first_pair(graph: QuantGraph, is_first, is_second) -> tuple[ops.Op, ops.Op] | None:
    uses = Uses(graph)
    for op in graph:
        if is_first(op) and (second := uses.only(op)) is not None and is_second(second, graph, uses):
            return op, second
    return None


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

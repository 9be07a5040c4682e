"""Signs of sums: what a binarizer reads of several layers and one-bit maps that are added."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.focal_plane.compiler.integer_form.fold import is_by_channel
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.integer_sums import largest_sum, only_moves


class NoWholeSum(ValueError):
    """A sum has no exact form of whole weights; the message names it, the reason and the fix."""


@dataclasses.dataclass(frozen=True)
class SignOfSum:
    """A sum before a binarizer.

    ``terms`` are the convolutions and one-bit maps that are added; ``inner`` leads from them to the value that is
    pooled, or to the sign where nothing is; ``add`` is the last ``Add`` in it. ``pools`` and ``after`` follow.
    """

    terms: tuple[ops.Op, ...]
    inner: tuple[ops.Op, ...]
    add: ops.Add
    pools: tuple[ops.Pool2D, ...]
    after: tuple[ops.Op, ...]

    @property
    def binarize(self) -> ops.Binarize:
        return self.after[-1]


def sign_of_sum(graph: QuantGraph, binarize: ops.Binarize) -> SignOfSum | None:
    """The sum that ``binarize`` reads, behind at most normalisations, activations and max-pooling."""
    steps: list[ops.Op] = [binarize]
    op = graph[binarize.inputs[0]]
    while isinstance(op, ops.Affine | ops.Activation) or (isinstance(op, ops.Pool2D) and op.moves_elements):
        steps.insert(0, op)
        op = graph[op.inputs[0]]
    if not isinstance(op, ops.Add):
        return None
    if len(steps) == 1 and all(is_signs(graph, graph[name]) for name in op.inputs):
        return None  # it has its form already
    for step in (op, *steps[:-1]):
        if not _is_used_once(graph, step):
            raise NoWholeSum(f"'{step.name}' is used as it is beside its sign: let the others read its sign instead.")
    positions = [index for index, step in enumerate(steps) if isinstance(step, ops.Pool2D)]
    first, behind = (positions[0], positions[-1] + 1) if positions else (len(steps) - 1, len(steps) - 1)
    if behind - first != len(positions):
        raise NoWholeSum(f"'{binarize.name}' follows poolings with other operations between: pool the signs instead.")
    terms, inner = _expanded(graph, op)
    total = SignOfSum(terms, (*inner, *steps[:first]), op, tuple(steps[first:behind]), tuple(steps[behind:]))
    if not is_by_channel([*total.inner, *total.after]):
        raise NoWholeSum(f"'{op.name}' is normalised or compared at each pixel in another way: take one per channel.")
    return total


def _expanded(graph: QuantGraph, add: ops.Add) -> tuple[tuple[ops.Op, ...], list[ops.Op]]:
    """What is added in the end, and the operations from there to ``add``, inputs first."""
    terms: dict[str, ops.Op] = {}
    inner: dict[str, ops.Op] = {}

    def expand(op: ops.Op) -> None:
        if op.name in terms or op.name in inner:
            return
        if op.shape != add.shape:
            raise NoWholeSum(f"'{add.name}' adds '{op.name}' {op.shape} in {add.shape}: make them of one shape.")
        if is_signs(graph, op):
            terms[op.name] = op
        elif not _is_used_once(graph, op):
            raise NoWholeSum(
                f"'{add.name}' adds '{op.name}', which is used elsewhere too: let the others read its sign instead."
            )
        elif isinstance(op, ops.Conv2D) and largest_sum(graph, op) is not None:
            terms[op.name] = op
        elif isinstance(op, ops.Add | ops.Affine | ops.Activation):
            for name in op.inputs:
                expand(graph[name])
            inner[op.name] = op
        else:
            raise NoWholeSum(f"'{add.name}' adds '{op.name}' of {graph.bits(op.name)} bits: binarize it first.")

    expand(add)
    return tuple(terms.values()), list(inner.values())


def _is_used_once(graph: QuantGraph, op: ops.Op) -> bool:
    return op.name not in graph.outputs and len(graph.consumers(op.name)) == 1


def is_signs(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether all values are -1 or +1 however they came about."""
    if isinstance(op, ops.Binarize):
        return True
    if isinstance(op, ops.Quantize):
        return np.array_equal(op.levels, [-1, 1])
    if isinstance(op, ops.Affine) and not op.scale.any():
        return bool((np.abs(op.bias) == 1).all())
    if isinstance(op, ops.Multiply) or only_moves(op):
        return all(is_signs(graph, graph[name]) for name in op.inputs)
    return False

"""What stands between the layers of the array, and that a fit cannot give a verdict on."""

from __future__ import annotations

from collections.abc import Iterator

from larq_focal.focal_plane.compiler.integer_form.sign_of_sum import is_signs
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.verdicts.unjudged import is_judged_layer

_BEFORE_A_SIGN = ops.Affine | ops.Activation | ops.Add  # parts of a threshold, which the layer's own verdict covers


def unjudged_between(folded: QuantGraph, there: set[str]) -> Iterator[str]:
    """A sentence for each operation on the array that stands between its layers and that no program has.

    Args:
        folded: the network in its array form.
        there: names of the operations on the controller.
    """
    needed = _read_by_convolutions(folded, there)
    before: set[str] = set()  # on the way from an input to the first one-bit value, where a program looks at light
    for op in folded:
        is_first = not op.inputs or all(name in before for name in op.inputs)
        if is_first and not isinstance(op, ops.Weighted) and folded.bits(op.name) > 1:
            before.add(op.name)
        elif op.name in needed and not is_first and not _is_judged(folded, op):
            yield f"'{op.name}': {_kind(op)} between layers of the array is not judged"


def _read_by_convolutions(graph: QuantGraph, there: set[str]) -> set[str]:
    """Operations on the array whose values a convolution on the array needs."""
    needed: set[str] = set()
    for op in reversed(graph.ops):
        if op.name not in there and (op.name in needed or isinstance(op, ops.Conv2D)):
            needed |= set(op.inputs)
    return needed - there


def _is_judged(graph: QuantGraph, op: ops.Op) -> bool:
    if isinstance(op, ops.Concat):
        return op.axis in (-1, 2)
    if isinstance(op, ops.Pool2D):
        return op.kind == "max"
    if isinstance(op, ops.Multiply):
        return is_signs(graph, op)
    return is_judged_layer(op) or isinstance(op, ops.Binarize | ops.Quantize | ops.Unknown | _BEFORE_A_SIGN)


def _kind(op: ops.Op) -> str:
    kind = getattr(op, "kind", None)
    return type(op).__name__ if kind is None else f"{type(op).__name__} ({kind})"

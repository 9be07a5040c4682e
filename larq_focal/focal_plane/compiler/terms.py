"""What a sum before a sign is made of, and why the array cannot run what it cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.compiler.integer_form.counted_sums import has_whole_weights, is_weighted_map
from larq_focal.focal_plane.compiler.integer_form.fold_sums import why_unfolded
from larq_focal.focal_plane.compiler.layers.sums import Term, common_layout
from larq_focal.focal_plane.compiler.placement.maps import Counts, Maps
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Add, Conv2D, Pool2D


@dataclass(frozen=True)
class Uncounted:
    """Convolutions and one-bit maps, by name, that have not been counted yet, for what follows decides how."""

    names: tuple[str, ...]
    pools: tuple[Pool2D, ...] = ()


Values = Mapping[str, Maps | Counts | Uncounted]
"""What has been emitted, by the operation's name."""


def terms(graph: QuantGraph, values: Values, names: Iterable[str], signs: np.ndarray | int = 1) -> list[Term] | None:
    """The values ``names`` times ``signs`` as parts of a sum; None where one cannot be."""
    found = [_term(graph, values, name, signs) for name in names]
    return None if None in found else found


def can_be_added(graph: QuantGraph, values: Values, op: Add) -> bool:
    """Whether the array can add what ``op`` adds, at one place."""
    added = terms(graph, values, op.inputs)
    return added is not None and common_layout(added) is not None


def check_convolution(graph: QuantGraph, values: Values, tail: Collection[str], op: Conv2D) -> None:
    """Refuses a convolution that the array cannot count.

    Args:
        graph: the network.
        values: what has been emitted before it.
        tail: names of the operations that are left to the controller.
        op: the convolution.

    Raises:
        UnsupportedError: it reads more than one bit or something on the controller, or has other weights or padding.
    """
    if (bits := graph.input_bits(op)) > 1:
        raise UnsupportedError(
            f"'{op.name}' reads '{op.inputs[0]}' of {bits} bits; the array multiplies 1-bit inputs: binarize it."
        )
    if op.inputs[0] in tail:
        why = _why_left(graph, values, tail, op.inputs[0])
        raise UnsupportedError(f"'{op.name}' follows '{op.inputs[0]}', which runs on the controller{why}.")
    if op.kernel.bits > 2 or np.abs(op.kernel.codes).max() > 1:
        raise UnsupportedError(
            f"'{op.name}' has weights of {op.kernel.bits} bits; the array multiplies 1-bit and ternary ones."
        )
    if op.padding == "same" and op.pad_value not in (-1, 0, 1):
        raise UnsupportedError(f"'{op.name}' pads with {op.pad_value}; the array pads with -1, 0 or 1.")


def _term(graph: QuantGraph, values: Values, name: str, signs: np.ndarray | int) -> Term | None:
    op, maps = graph[name], values.get(name)
    if isinstance(maps, Maps):
        return Term.of_signs(name, maps, np.ones(op.shape[-1]) * signs)
    source = values.get(op.inputs[0])
    if is_weighted_map(op) and isinstance(source, Maps):
        return Term.of_signs(name, source, op.scale * signs)
    if not isinstance(op, Conv2D) or not has_whole_weights(graph, op):
        return None
    return Term.of_sums(source, op, graph[op.inputs[0]].shape, op.kernel.scale * signs)


def _why_left(graph: QuantGraph, values: Values, tail: Collection[str], name: str) -> str:
    """Why a value is left to the controller: the sum that is the cause, or the first operation that is."""
    op = graph[name]
    if reason := why_unfolded(graph, op):
        return f": {reason.rstrip('.')}"
    added = terms(graph, values, op.inputs) if isinstance(op, Add) else None
    if added is not None and common_layout(added) is None:
        return f": what '{name}' adds lies at different places; let all of it pass the same strides and pools"
    before = next((source for source in op.inputs if source in tail), None)
    return f" from '{name}' on" if before is None else _why_left(graph, values, tail, before)

"""What a sum before a sign is made of, and why the array cannot run what it cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.compiler.integer_form.counted_sums import has_whole_weights, is_weighted_map
from larq_focal.focal_plane.compiler.integer_form.fold_sums import why_unfolded
from larq_focal.focal_plane.compiler.layers.sums import Term, common_layout
from larq_focal.focal_plane.compiler.placement.maps import Counts, Maps
from larq_focal.focal_plane.compiler.unsupported import NotJudgedError, UnsupportedError
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Add, Conv2D, Op, Pool2D


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
    """Refuses a convolution that the array cannot count, for other reasons than ``obstacles`` tells.

    Args:
        graph: the network.
        values: what has been emitted before it.
        tail: names of the operations that are left to the controller.
        op: the convolution.

    Raises:
        UnsupportedError: it reads something on the controller, or has another padding.
        NotJudgedError: what it reads is left to the controller because no program of it is known.
    """
    if op.inputs[0] in tail:
        reason, first = _why_left(graph, values, tail, op.inputs[0])
        text = f"'{op.name}' follows '{op.inputs[0]}', which runs on the controller"
        if reason:
            raise UnsupportedError(f"{text}: {reason}.")
        raise NotJudgedError(f"{text} from '{first.name}' on: {kind_text(first)} is not judged between its layers.")
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


def kind_text(op: Op) -> str:
    """What an operation is, for messages."""
    kind = getattr(op, "kind", None)
    return type(op).__name__ if kind is None else f"{type(op).__name__} ({kind})"


def _why_left(graph: QuantGraph, values: Values, tail: Collection[str], name: str) -> tuple[str, Op]:
    """Why a value is left to the controller, if a sum is the cause, and the first operation that is left."""
    op = graph[name]
    if reason := why_unfolded(graph, op):
        return reason.rstrip("."), op
    added = terms(graph, values, op.inputs) if isinstance(op, Add) else None
    if added is not None and common_layout(added) is None:
        return f"what '{name}' adds lies at different places; let all of it pass the same strides and pools", op
    before = next((source for source in op.inputs if source in tail), None)
    return ("", op) if before is None else _why_left(graph, values, tail, before)

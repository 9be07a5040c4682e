"""Operations of a graph with other inputs: what rewrites put together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from larq_focal.network import ops


def rewired(op: ops.Op, renamed: dict[str, str]) -> ops.Op:
    """``op`` reading the values that took the place of its inputs, by the names of both."""
    return dataclasses.replace(op, inputs=tuple(renamed.get(name, name) for name in op.inputs))


def in_a_row(source: ops.Op, row: Sequence[ops.Op]) -> list[ops.Op]:
    """The operations of ``row``, each reading the one before; a binarizer takes on the shape of what it reads."""
    result = []
    for op in row:
        shape = source.shape if isinstance(op, ops.Binarize) else op.shape
        source = dataclasses.replace(op, inputs=(source.name,), shape=shape)
        result.append(source)
    return result

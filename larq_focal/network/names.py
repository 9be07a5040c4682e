"""Names that are given once."""

from __future__ import annotations

from collections.abc import Container, Sequence


def new_name(wanted: str, taken: Container[str]) -> str:
    """``wanted``, or where that is taken the first of ``wanted#2``, ``wanted#3``, ... that is not."""
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}#{count}"
    return name


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, with a number behind those that were there before."""
    seen: dict[str, None] = {}
    for name in names:
        seen[new_name(name, seen)] = None
    return tuple(seen)

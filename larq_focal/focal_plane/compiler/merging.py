"""Residual merges of one-bit maps: products of signs."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.focal_plane.compiler.counting import alike
from larq_focal.focal_plane.compiler.maps import Maps
from larq_focal.focal_plane.compiler.virtual import Code


def are_aligned(values: Sequence[object]) -> bool:
    """Whether all are maps of which every channel lies at the same place."""
    first = values[0]
    return all(isinstance(value, Maps) and value.layout == first.layout for value in values)


def multiplied(code: Code, values: Sequence[Maps]) -> Maps:
    """Products of signs: whether bits are alike."""
    first, *others = values
    planes = list(first.planes)
    for other in others:
        planes = [alike(code, a, [b]) for a, b in zip(planes, other.planes, strict=True)]
    return Maps(first.layout, tuple(planes))

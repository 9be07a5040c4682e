"""Residual merges of one-bit maps in Boolean form: products, and sums with a threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from larq_focal.focal_plane.compiler.counting import Count, alike
from larq_focal.focal_plane.compiler.maps import Maps
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.thresholds import at_least
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


def added_above(code: Code, constants: Constants, values: Sequence[Maps], sums: np.ndarray) -> Maps:
    """1 where the sum of signs reaches ``sums`` ``[channels]``: an OR, an AND or a majority."""
    layout = values[0].layout
    count = len(values)
    sums = np.clip(np.ceil(sums), -count - 1, count + 1).astype(np.int64)
    thresholds = np.broadcast_to(-((-sums - count) // 2), layout.shape)
    planes = []
    for index, bits in enumerate(zip(*(value.planes for value in values), strict=True)):
        counter = Count(code, deferred=count)
        for bit in bits:
            counter.add(bit)
        planes.append(at_least(code, constants, counter.bits(), thresholds, layout, index))
    return Maps(layout, tuple(planes))

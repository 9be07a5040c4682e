"""Steps of a line through whole numbers as one product and one shift, proven for each number that can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_LARGEST = 2**31 - 1
_SHIFTS = range(8, 25)


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """``(sum * factors[c] + offsets[c]) >> shift``, limited to 0 and ``largest``.

    Attributes:
        factors, offsets: of each channel, int64.
        shift: of all channels.
        largest: level.
    """

    factors: np.ndarray
    offsets: np.ndarray
    shift: int
    largest: int


def fixed_point(levels: np.ndarray, low: int, slopes: np.ndarray, largest: int) -> FixedPoint | None:
    """The shortest fixed point form that gives ``levels`` exactly, or None if there is none.

    Args:
        levels: ``[n, channels]``, whole numbers from 0: those of the sums low, low + 1, ... of each channel.
        low: the least sum.
        slopes: about how many levels a sum is worth, ``[channels]``.
        largest: the highest level that there is.
    """
    sums = np.arange(low, low + len(levels))
    for shift in _SHIFTS:
        lines = [_line(each, sums, shift, slope, largest) for each, slope in zip(levels.T, slopes, strict=True)]
        if all(line is not None for line in lines):
            factors, offsets = (np.array(part, np.int64) for part in zip(*lines, strict=True))
            return FixedPoint(factors, offsets, shift, largest)
    return None


def _line(levels: np.ndarray, sums: np.ndarray, shift: int, slope: float, largest: int) -> tuple[int, int] | None:
    """Factor and offset of a channel: levels * one <= sums * factor + offset < (levels + 1) * one.

    The lowest level has no lower end, and the largest no upper one.
    """
    one = 1 << shift
    if levels.min() == levels.max():
        return _bounded(0, int(levels[0]) * one, sums)
    factor = round(slope * one)
    products = sums * factor
    at_least = np.max((levels * one - products)[levels > 0], initial=-(2**62))
    below = np.min(((levels + 1) * one - products)[levels < largest], initial=2**62)
    return _bounded(factor, int(at_least + (below - at_least) // 2), sums) if at_least < below else None


def _bounded(factor: int, offset: int, sums: np.ndarray) -> tuple[int, int] | None:
    """Factor and offset, if 32 bits hold all that is computed with them."""
    ends = [int(sums[0]) * factor, int(sums[-1]) * factor]
    values = [*ends, *(end + int(offset) for end in ends), int(offset)]
    return (factor, int(offset)) if max(map(abs, values)) <= _LARGEST else None

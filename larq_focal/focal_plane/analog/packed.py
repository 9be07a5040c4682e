"""Kernels packed into one whole number each, so that a search can add, shift and compare them fast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.analog.taps import Offset

_FIELD = 16  # bits of one weight
_REACH = 2  # pixels that one instruction moves at most


@dataclass(frozen=True)
class Pattern:
    """A packed kernel's weights: ``places`` on the lattice, ascending, and ``weights``.

    ``digits`` counts signed binary digits that are not 0; ``gain`` is the sum of the weights' sizes; ``twos`` how often
    all weights divide by two; ``shape`` is alike for kernels that differ by a shift, the sign or a power of two.
    """

    places: tuple[int, ...]
    weights: tuple[int, ...]
    digits: int
    gain: int
    twos: int
    shape: int


class Lattice:
    """Packs kernels whose offsets keep within ``slack`` pixels of those given.

    A kernel is the sum of its weights, each shifted to the field of its offset: sums, differences, doubling and shifts
    of kernels are those of the numbers.
    """

    def __init__(self, offsets: Iterable[Offset], slack: int):
        rows, columns = zip((0, 0), *offsets, strict=True)
        margin = slack + _REACH
        self._top, self._left = min(rows) - margin, min(columns) - margin
        self._width = max(columns) + margin - self._left + 1
        height = max(rows) + margin - self._top + 1
        self._fields = height * self._width
        self._middle = sum(1 << (_FIELD * field + _FIELD - 1) for field in range(self._fields))
        inner = np.zeros((height, self._width), bool)
        inner[_REACH:-_REACH, _REACH:-_REACH] = True
        self._allowed = inner.ravel()
        self._patterns: dict[int, Pattern | None] = {}

    def place(self, offset: Offset) -> int:
        return (offset[0] - self._top) * self._width + offset[1] - self._left

    def offset(self, place: int) -> Offset:
        row, column = divmod(place, self._width)
        return row + self._top, column + self._left

    def distance(self, offset: Offset) -> int:
        """By how many fields a shift by ``offset`` moves a kernel."""
        return offset[0] * self._width + offset[1]

    def packed(self, weights: Mapping[int, int]) -> int:
        """The kernel of whole weights by place."""
        return sum(weight << (_FIELD * place) for place, weight in weights.items())

    @staticmethod
    def shifted(kernel: int, distance: int) -> int:
        return kernel << (_FIELD * distance) if distance >= 0 else kernel >> (-_FIELD * distance)

    def pattern(self, kernel: int) -> Pattern | None:
        """The weights of ``kernel``; None where it is 0 or leaves the lattice."""
        try:
            return self._patterns[kernel]  # one look, for the hash of so long a number takes time
        except KeyError:
            found = self._patterns[kernel] = self._unpacked(kernel)
            return found

    def _unpacked(self, kernel: int) -> Pattern | None:
        biased = kernel + self._middle
        if not kernel or biased < 0 or biased.bit_length() > _FIELD * self._fields:
            return None
        fields = np.frombuffer(biased.to_bytes(self._fields * _FIELD // 8, "little"), "<u2").astype(np.int32)
        fields -= 1 << (_FIELD - 1)
        places = np.flatnonzero(fields)
        if not self._allowed[places].all():
            return None
        weights = fields[places].tolist()
        first = kernel >> (_FIELD * int(places[0]))
        united = 0
        for weight in weights:
            united |= weight
        twos = (united & -united).bit_length() - 1
        return Pattern(
            places=tuple(places.tolist()),
            weights=tuple(weights),
            digits=sum((w ^ 3 * w).bit_count() for w in map(abs, weights)),
            gain=sum(map(abs, weights)),
            twos=twos,
            shape=abs(first) >> twos,
        )

"""Sets of places in a block as address patterns of the controller, and as planes where there is no pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Plane
from larq_focal.focal_plane.compiler.placement.layout import Spacing
from larq_focal.network.ops import Pair

Pattern = tuple[int, int, int, int]  # r, c, rx, cx of load_pattern, within a block


def cover(wanted: Iterable[Pair], allowed: Iterable[Pair], block: Pair) -> list[Pattern]:
    """Patterns whose union holds all places ``wanted`` and none outside of ``allowed``; few, by greedy choice.

    Args:
        wanted: rows and columns within the block.
        allowed: the same, ``wanted`` among them.
        block: rows and columns of a block, powers of two.
    """
    wanted_bits, allowed_bits = _bits(wanted, block[1]), _bits(allowed, block[1])
    fitting = [(pattern, bits) for pattern, bits in _patterns(block) if not bits & ~allowed_bits]
    chosen = []
    while wanted_bits:
        pattern, bits = max(fitting, key=lambda option: ((option[1] & wanted_bits).bit_count(), option[1].bit_count()))
        chosen.append(pattern)
        wanted_bits &= ~bits
    return chosen


def _bits(places: Iterable[Pair], columns: int) -> int:
    return sum(1 << row * columns + column for row, column in places)


@cache
def _patterns(block: Pair) -> list[tuple[Pattern, int]]:
    """All patterns of a block with the places that they hold."""
    rows, columns = (list(_ranges(size)) for size in block)
    return [
        ((r, c, rx, cx), _bits(product(in_rows, in_columns), block[1]))
        for (r, rx, in_rows), (c, cx, in_columns) in product(rows, columns)
    ]


def _ranges(size: int) -> Iterator[tuple[int, int, list[int]]]:
    for free in range(size):
        for fixed in range(size):
            if not fixed & free:
                yield fixed, free, [i for i in range(size) if i & ~free == fixed]


class Constants:
    """Loads planes that a program needs and the network determines: sets of places, rectangles, and whole planes.

    ``planes`` are those that the controller holds, by the names under which the program loads them.
    """

    MOST_AT_ONCE = 3  # planes whose union an instruction can read beside one more

    def __init__(self, code: Code):
        self._code = code
        self.shape = code.sensor.height, code.sensor.width
        self._names: dict[bytes, str] = {}
        self.planes: dict[str, np.ndarray] = {}

    def places(self, wanted: Iterable[Pair], used: Iterable[Pair], spacing: Spacing) -> list[Plane]:
        """Up to three planes whose union has ones at ``wanted`` and zeros at the other places in ``used``."""
        wanted, used = set(wanted), set(used)
        if spacing.period and not _is_power_of_two(spacing.period):
            return [self.whole(self._periodic(wanted, spacing.period))]
        period = tuple(_power_of_two(1 + max(place[axis] for place in used)) for axis in (0, 1))
        block = set(product(range(period[0]), range(period[1])))
        (down, right), least = spacing.unit, [unit - 1 for unit in spacing.unit]
        beyond = [_power_of_two(self.shape[axis]) - period[axis] * spacing.unit[axis] for axis in (0, 1)]
        addresses = (
            (r * down, c * right, rx * down | least[0] | beyond[0], cx * right | least[1] | beyond[1])
            for r, c, rx, cx in cover(wanted, block - used | wanted, period)
        )
        return self._united(addresses)

    def one_plane(self, wanted: Iterable[Pair], used: Iterable[Pair], spacing: Spacing) -> Plane:
        """One plane with ones at ``wanted`` and zeros at the other places in ``used``."""
        planes = self.places(wanted, used, spacing)
        return self._code.either(*planes) if len(planes) > 1 else planes[0]

    def rows(self, first: int, last: int, period: int) -> list[Plane]:
        """Up to three planes whose union are rows ``first`` to ``last`` of every ``period``, a power of two."""
        every = [_power_of_two(size) - 1 for size in self.shape]
        return self._united((r, 0, rx | every[0] + 1 - period, every[1]) for r, rx in _aligned(first, last))

    def columns(self, first: int, last: int, period: int) -> list[Plane]:
        """As ``rows``."""
        every = [_power_of_two(size) - 1 for size in self.shape]
        return self._united((0, c, every[0], cx | every[1] + 1 - period) for c, cx in _aligned(first, last))

    def _united(self, addresses: Iterable[Pattern]) -> list[Plane]:
        """Up to three planes whose union are the patterns."""
        planes: list[Plane] = []
        for address in addresses:
            if len(planes) == self.MOST_AT_ONCE:
                planes = [self._code.either(*planes)]
            planes.append(self._code.loaded("load_pattern", *address))
            if self._code.is_frugal and len(planes) > 1:
                self._code.emit("OR", planes[0], planes.pop())
        return planes

    def rectangle(self, rows: int, columns: int) -> Plane:
        """Ones in the first rows and columns of the array."""
        return self._code.loaded("load_rect", 0, 0, rows - 1, columns - 1)

    def whole(self, bits: np.ndarray) -> Plane:
        """Any plane ``[height, width]``."""
        key = np.packbits(bits).tobytes()
        if key not in self._names:
            self._names[key] = f"constant_{len(self._names)}"
            self.planes[self._names[key]] = bits
        return self._code.loaded("load_plane", self._names[key])

    def _periodic(self, wanted: set[Pair], pitch: Pair) -> np.ndarray:
        bits = np.zeros(self.shape, bool)
        for row, column in wanted:
            bits[row :: pitch[0], column :: pitch[1]] = True
        return bits


def _aligned(first: int, last: int) -> Iterator[Pair]:
    """Addresses and free bits whose union are the numbers ``first`` to ``last``."""
    while first <= last:
        free = 0
        while not first & (2 * free + 1) and first + 2 * free + 1 <= last:
            free = 2 * free + 1
        yield first, free
        first += free + 1


def _is_power_of_two(pitch: Pair) -> bool:
    return all(size == _power_of_two(size) for size in pitch)


def _power_of_two(size: int) -> int:
    """The smallest one that is not below ``size``."""
    return 1 << (size - 1).bit_length()

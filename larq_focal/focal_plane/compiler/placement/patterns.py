"""Sets of places in a block as address patterns of the controller, and as planes where there is no pattern."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
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
    return list(_cover(_bits(wanted, block), _bits(allowed, block), block))


@lru_cache(maxsize=4096)  # each attempt at a program asks for the same places again
def _cover(wanted: bytes, allowed: bytes, block: Pair) -> tuple[Pattern, ...]:
    left, refused = (np.frombuffer(bits, bool).reshape(block).astype(np.float32) for bits in (wanted, allowed))
    refused = 1 - refused
    (rows, in_rows), (columns, in_columns) = map(_ranges, block)
    sizes = np.outer(in_rows.sum(1), in_columns.sum(1))
    fits = in_rows @ refused @ in_columns.T == 0
    chosen = []
    while left.any():
        gains = in_rows @ left @ in_columns.T
        best = np.argmax(np.where(fits, gains * (left.size + 1) + sizes, -1))  # of equal gains the larger pattern
        row, column = divmod(int(best), len(columns))
        (r, rx), (c, cx) = rows[row], columns[column]
        chosen.append((r, c, rx, cx))
        left[np.outer(in_rows[row], in_columns[column]) > 0] = 0
    return tuple(chosen)


def _bits(places: Iterable[Pair], block: Pair) -> bytes:
    bits = np.zeros(block, bool)
    for place in places:
        bits[place] = True
    return bits.tobytes()


@cache
def _ranges(size: int) -> tuple[list[Pair], np.ndarray]:
    """Addresses with the bits that are free, and ones ``[ranges, size]`` at the numbers that each holds."""
    pairs = [(fixed, free) for free in range(size) for fixed in range(size) if not fixed & free]
    numbers = np.arange(size)
    held = np.array([numbers & ~free == fixed for fixed, free in pairs])
    return pairs, held.astype(np.float32)


class Constants:
    """Loads planes that a program needs and the network determines: sets of places, rectangles, and whole planes.

    ``planes`` are those that the controller holds, by the names under which the program loads them.
    """

    MOST_AT_ONCE = 3  # planes whose union an instruction can read beside one more

    def __init__(self, code: Code):
        self._code = code
        self.shape = code.sensor.height, code.sensor.width
        self._conventions = code.sensor.conventions
        self._addresses = self._conventions.column_addresses(code.sensor.width)
        self._names: dict[bytes, str] = {}
        self.planes: dict[str, np.ndarray] = {}

    def places(self, wanted: Iterable[Pair], used: Iterable[Pair], spacing: Spacing) -> list[Plane]:
        """Up to three planes whose union has ones at ``wanted`` and zeros at the other places in ``used``."""
        found = self._loads(set(wanted), set(used), spacing)
        return [self.whole(found)] if isinstance(found, np.ndarray) else self._united(found)

    def fewer_loads(self, one: Iterable[Pair], other: Iterable[Pair], spacing: Spacing) -> bool:
        """Whether the places ``one`` take fewer loads than ``other``, where no further places are used."""
        one, other = set(one), set(other)
        return len(self._loads(one, one | other, spacing)) < len(self._loads(other, one | other, spacing))

    def _loads(self, wanted: set[Pair], used: set[Pair], spacing: Spacing) -> np.ndarray | list[Pattern]:
        """The patterns for ``places``; a plane where patterns do not repeat as the places do."""
        if spacing.period and not _is_power_of_two(spacing.period):
            return self._periodic(wanted, spacing.period)
        period = tuple(_power_of_two(1 + max(place[axis] for place in used)) for axis in (0, 1))
        if self.shape[1] % spacing.unit[1] and self._conventions.columns_from == "right":
            return self._tiled(wanted, spacing.unit)
        wanted, used = (
            {(row, int(self._addresses[column * spacing.unit[1]]) // spacing.unit[1] % period[1]) for row, column in of}
            for of in (wanted, used)
        )
        block = set(product(range(period[0]), range(period[1])))
        (down, right), least = spacing.unit, [unit - 1 for unit in spacing.unit]
        beyond = [_power_of_two(self.shape[axis]) - period[axis] * spacing.unit[axis] for axis in (0, 1)]
        return [
            (r * down, c * right, rx * down | least[0] | beyond[0], cx * right | least[1] | beyond[1])
            for r, c, rx, cx in cover(wanted, block - used | wanted, period)
        ]

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
        low, high = sorted(int(self._addresses[column]) % period for column in (first, last))
        spans = [(low, high)] if high - low == last - first else [(0, low), (high, period - 1)]
        spans = spans if first <= last else []
        return self._united((0, c, every[0], cx | every[1] + 1 - period) for span in spans for c, cx in _aligned(*span))

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
        first, last = self._conventions.column_addresses_of(0, columns - 1, self.shape[1])
        return self._code.loaded("load_rect", 0, first, rows - 1, last)

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

    def _tiled(self, wanted: set[Pair], size: Pair) -> np.ndarray:
        bits = np.zeros(self.shape, bool)
        for row, column in wanted:
            bits[row * size[0] : (row + 1) * size[0], column * size[1] : (column + 1) * size[1]] = True
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

"""The ways in which the last instruction of a program can have made one of the kernels that are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from larq_focal.focal_plane.analog.likeness import Likeness
from larq_focal.focal_plane.analog.packed import Lattice, Pattern
from larq_focal.focal_plane.analog.taps import STEPS, Offset

_SPLIT = 3  # weights beside a repeated part, of which each is tried as a summand of its own
_TRIPLES = 6  # summands that stand in the state, tried in pairs for a sum of three


def _reachable() -> dict[Offset, tuple[str, ...]]:
    """What one instruction can move by: one pixel, or two in any directions that do not cancel."""
    reach = {step: (name,) for name, step in STEPS.items()}
    for first, (r, c) in STEPS.items():
        for second, (rows, columns) in STEPS.items():
            offset = (r + rows, c + columns)
            if offset != (0, 0):
                reach.setdefault(offset, (first, second))
    return reach


REACH = _reachable()


@dataclass(frozen=True)
class Move:
    """An instruction ``mnemonic`` that makes the kernel ``result`` of ``operands``, read along ``directions``.

    ``spare`` is what else it makes, or None.
    """

    mnemonic: str
    result: int
    operands: tuple[int, ...]
    directions: tuple[str, ...] = ()
    spare: int | None = None


class Moves:
    """Finds moves; ``most_gain`` bounds the sum of the weights' sizes of all that a program computes."""

    def __init__(self, lattice: Lattice, likeness: Likeness, source: int, divide: str, most_gain: int):
        self._lattice = lattice
        self._likeness = likeness
        self._source = source
        self.divide = divide
        self._most_gain = most_gain
        self._reach = [(lattice.distance(offset), directions) for offset, directions in REACH.items()]
        self._origin = lattice.place((0, 0))

    def removals(self, goal: int, others: frozenset[int]) -> Iterator[Move]:
        """Moves that make ``goal`` of kernels that are wanted anyhow."""
        shifted = self._lattice.shifted
        for distance, directions in self._reach:
            kernel = shifted(goal, -distance)
            if kernel in others:
                yield _along("mov", goal, (kernel,), directions)
        if -goal in others:
            yield Move("neg", goal, (-goal,))
            if self.divide == "div" and self._pattern(goal).twos < self._pattern(self._source).twos:
                yield from map(self._halved, (goal, -goal))  # one division makes both
        if 2 * goal in others:
            yield self._halved(goal)
        for kernel in others:
            rest = goal - kernel
            if rest in others and rest < kernel:
                yield Move("add", goal, (kernel, rest))
            if kernel - goal in others and kernel != 2 * goal:
                yield Move("sub", goal, (kernel, kernel - goal))
            for distance, directions in self._reach:
                rest = shifted(goal, -distance) - kernel
                if rest in others and rest < kernel:
                    yield _along("add", goal, (kernel, rest), directions)
                rest = shifted(kernel, distance) - goal
                if rest in others:
                    yield _along("sub", goal, (kernel, rest), directions)
        for first, second in combinations(sorted(others), 2):
            rest = goal - first - second
            if rest in others and rest not in (first, second):
                yield Move("add", goal, (first, second, rest))

    def reductions(self, goal: int, others: frozenset[int]) -> Iterator[Move]:
        """Moves that make ``goal`` of simpler kernels."""
        own = self._pattern(goal)
        for move in self._candidates(goal, own, others):
            if all(operand in others or self._is_allowed(operand, goal) for operand in move.operands):
                yield move

    def _candidates(self, goal: int, own: Pattern, others: frozenset[int]) -> Iterator[Move]:
        yield from self._with_others(goal, own, others)
        yield from self._by_repetition(goal)
        for other in others:
            if other != self._source:
                yield from self._by_sharing(goal, other)
        yield from self._nearer(goal, own, [kernel for kernel in others if self._pattern(kernel).shape == own.shape])
        if len(own.places) == 1:
            yield from self._single(goal, own)
        if own.twos:
            yield Move("sub", goal, (goal // 2, -goal // 2))
        if own.twos < self._pattern(self._source).twos:
            yield self._halved(goal)

    def _with_others(self, goal: int, own: Pattern, others: frozenset[int]) -> Iterator[Move]:
        """One operand is wanted anyhow, and the other is what then remains."""
        shifted = self._lattice.shifted
        simple = []
        for kernel in others:
            rest = goal - kernel
            if rest != kernel and self._is_simpler(rest, own):
                simple.append(kernel)
                yield Move("add", goal, (kernel, rest))
            if self._is_simpler(kernel - goal, own):
                yield Move("sub", goal, (kernel, kernel - goal))
            if self._is_simpler(goal + kernel, own):
                yield Move("sub", goal, (goal + kernel, kernel))
            for distance, directions in self._reach:
                rest = shifted(goal, -distance) - kernel
                if rest != kernel and self._is_simpler(rest, own):
                    yield _along("add", goal, (kernel, rest), directions)
                rest = shifted(kernel, distance) - goal
                if self._is_simpler(rest, own):
                    yield _along("sub", goal, (kernel, rest), directions)
                rest = shifted(goal + kernel, -distance)
                if self._is_simpler(rest, own):
                    yield _along("sub", goal, (rest, kernel), directions)
        for first, second in combinations(sorted(simple)[:_TRIPLES], 2):
            rest = goal - first - second
            if rest not in (first, second) and self._is_simpler(rest, own):
                yield Move("add", goal, (first, second, rest))

    def _by_repetition(self, goal: int) -> Iterator[Move]:
        """A part that ``goal`` has twice, the second time moved and perhaps negated."""
        directions_by_distance = dict(self._reach)
        for part in self._likeness.parts(goal, goal):
            kernel, image, rest = part.kernel, part.image, part.rest
            if rest:
                if len({kernel, image, rest}) == 3:
                    yield Move("add", goal, (kernel, image, rest))
                yield from self._pair_and_two(goal, kernel + image, rest)
                continue
            yield from self._sums(goal, kernel, image)
            if part.sign < 0:  # the difference of one kernel and the same, moved
                for moved, distance in ((kernel, -part.distance), (image, part.distance)):
                    if distance in directions_by_distance:
                        yield _along("sub", goal, (-moved, -moved), directions_by_distance[distance])

    def _pair_and_two(self, goal: int, pair: int, rest: int) -> Iterator[Move]:
        """A part with its repetition, one of a few other weights, and what is left."""
        pattern = self._lattice.pattern(rest)
        if pair == 0 or not 2 <= len(pattern.places) <= _SPLIT:
            return
        for place, weight in zip(pattern.places, pattern.weights, strict=True):
            single = self._lattice.packed({place: weight})
            left = rest - single
            if len({pair, single, left}) == 3 and (len(pattern.places) > 2 or single < left):
                yield Move("add", goal, (pair, single, left))

    def _by_sharing(self, goal: int, other: int) -> Iterator[Move]:
        """A part of ``goal`` that is found again in ``other``, there moved and perhaps negated."""
        directions_by_distance = dict(self._reach)
        for part in self._likeness.parts(goal, other):
            kernel, image, rest = part.kernel, part.image, part.rest
            if not rest or kernel == rest:
                continue
            yield from self._sums(goal, kernel, rest)
            yield Move("sub", goal, (kernel, -rest))
            yield Move("sub", goal, (rest, -kernel))
            directions = directions_by_distance.get(part.distance)
            if directions and part.sign > 0:
                yield _along("sub", goal, (image, -rest), directions)
                moved = self._lattice.shifted(rest, -part.distance)
                if image != moved:
                    yield _along("add", goal, (image, moved), directions)

    def _sums(self, goal: int, first: int, second: int) -> Iterator[Move]:
        """The sum of two kernels, as they are or read from where one of them has a weight on the image's own pixel."""
        if first == second:
            return
        yield Move("add", goal, (first, second))
        centred = {place - self._origin for kernel in (first, second) for place in self._pattern(kernel).places}
        for distance, directions in self._reach:
            if distance in centred:
                shifted = (self._lattice.shifted(kernel, -distance) for kernel in (first, second))
                yield _along("add", goal, tuple(shifted), directions)

    def _nearer(self, goal: int, own: Pattern, alike: list[int]) -> Iterator[Move]:
        """Towards a kernel that differs from ``goal`` by a longer shift, or by a shift and the sign."""
        for kernel in alike:
            start, end = (self._lattice.offset(self._pattern(k).places[0]) for k in (kernel, goal))
            offset = (end[0] - start[0], end[1] - start[1])
            moved = self._lattice.shifted(kernel, self._lattice.distance(offset))
            if moved == -goal:
                yield Move("neg", goal, (-goal,))
            elif moved == goal:
                for step, directions in REACH.items():
                    if _length(offset) - _length((offset[0] - step[0], offset[1] - step[1])) == 2:
                        nearer = self._lattice.shifted(goal, -self._lattice.distance(step))
                        yield _along("mov", goal, (nearer,), directions)

    def _single(self, goal: int, own: Pattern) -> Iterator[Move]:
        """One pixel's weight: from nearer to the centre, or of two powers of two."""
        away = self._away(own.places[0])
        for distance, directions in self._reach:
            if self._away(own.places[0] - distance) < away:
                yield _along("mov", goal, (self._lattice.shifted(goal, -distance),), directions)
        (weight,) = own.weights
        upper = 1 << abs(weight).bit_length()
        if abs(weight) != upper // 2:
            unit = goal // weight * (1 if weight > 0 else -1)
            for power in (upper, upper // 2):
                rest = goal - power * unit
                if rest > 0 or power < upper:
                    yield Move("add", goal, (power * unit, rest))
                yield Move("sub", goal, (power * unit, -rest))
        if weight < 0:
            yield Move("neg", goal, (-goal,))

    def _halved(self, goal: int) -> Move:
        return Move(self.divide, goal, (2 * goal,), spare=-goal if self.divide == "div" else None)

    def _pattern(self, kernel: int) -> Pattern:
        pattern = self._lattice.pattern(kernel)
        assert pattern is not None
        return pattern

    def _is_simpler(self, kernel: int, own: Pattern) -> bool:
        pattern = self._lattice.pattern(kernel)
        return pattern is not None and pattern.digits < own.digits

    def _is_allowed(self, kernel: int, goal: int) -> bool:
        pattern = self._lattice.pattern(kernel)
        return pattern is not None and pattern.gain <= self._most_gain and kernel != goal

    def _away(self, place: int) -> int:
        return _length(self._lattice.offset(place))


def _length(offset: Offset) -> int:
    """Pixels that a shift by ``offset`` takes."""
    return abs(offset[0]) + abs(offset[1])


def _along(mnemonic: str, result: int, operands: tuple[int, ...], directions: tuple[str, ...]) -> Move:
    """The form of an instruction that reads its first operand, or their sum, from along ``directions``."""
    suffix = "x" if len(directions) == 1 else "2x"
    return Move(mnemonic + suffix, result, operands, directions)

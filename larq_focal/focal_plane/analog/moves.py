"""The ways in which the last instruction of a program can have made one of the kernels that are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from larq_focal.focal_plane.analog.packed import Lattice, Pattern
from larq_focal.focal_plane.analog.taps import STEPS, Offset

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

    def __init__(self, lattice: Lattice, source: int, divide: str, most_gain: int):
        self._lattice = lattice
        self._source = source
        self.divide = divide
        self._most_gain = most_gain
        self._reach = [(lattice.distance(offset), directions) for offset, directions in REACH.items()]
        self._origin = lattice.place((0, 0))
        self._splits: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}

    def removals(self, goal: int, others: frozenset[int]) -> Iterator[Move]:
        """Moves that make ``goal`` of kernels that are wanted anyhow."""
        shifted = self._lattice.shifted
        for distance, directions in self._reach:
            kernel = shifted(goal, -distance)
            if kernel in others:
                yield _along("mov", goal, (kernel,), directions)
        if -goal in others:
            yield Move("neg", goal, (-goal,))
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
        yield from self._by_likeness(goal, goal, own)
        for other in others:
            if other != self._source:
                yield from self._by_likeness(goal, other, own)
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

    def _by_likeness(self, goal: int, other: int, own: Pattern) -> Iterator[Move]:
        """A part of ``goal`` that is found again in ``other``, there moved and perhaps negated."""
        shifted = self._lattice.shifted
        directions_by_distance = dict(self._reach)
        for distance, sign, part, rest in self.parts(goal, other):
            image = sign * shifted(part, -distance)  # the part, as it stands in the other kernel
            directions = directions_by_distance.get(distance)
            if goal == other:
                if rest and image != rest and part not in (rest, image):
                    yield Move("add", goal, (part, image, rest))
                elif not rest:
                    yield from self._sums(goal, part, image)
                if not rest and sign < 0 and directions_by_distance.get(-distance):
                    yield _along("sub", goal, (-part, -part), directions_by_distance[-distance])
                if not rest and sign < 0 and directions:
                    yield _along("sub", goal, (-image, -image), directions)
                continue
            if not rest or part == rest:
                continue
            yield from self._sums(goal, part, rest)
            yield Move("sub", goal, (part, -rest))
            yield Move("sub", goal, (rest, -part))
            if directions and sign > 0:
                yield _along("sub", goal, (image, -rest), directions)
                if image != shifted(rest, -distance):
                    yield _along("add", goal, (image, shifted(rest, -distance)), directions)

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

    def parts(self, goal: int, other: int) -> list[tuple[int, int, int, int]]:
        """The largest parts: how far ``goal`` has them from ``other``, with which sign, the part, and what is left."""
        if (goal, other) not in self._splits:
            found = [
                split
                for distance in self._distances(goal, other)
                for sign in (1, -1)
                if (split := self._split(goal, other, distance, sign))
            ]
            found.sort(key=lambda split: (-split[0], split[1:]))
            self._splits[goal, other] = [split[1:] for split in found[:8]]
        return self._splits[goal, other]

    def _distances(self, goal: int, other: int) -> list[int]:
        mine, theirs = self._pattern(goal).places, self._pattern(other).places
        distances = {a - b for a in mine for b in theirs}
        return sorted(d for d in distances if d > 0) if goal == other else sorted(distances)

    def _split(self, goal: int, other: int, distance: int, sign: int) -> tuple[int, int, int, int, int] | None:
        """Tap by tap the smaller of both weights, where they agree in sign; within one kernel each tap serves once."""
        left = dict(zip(self._pattern(goal).places, self._pattern(goal).weights, strict=True))
        theirs = (
            left if goal == other else dict(zip(self._pattern(other).places, self._pattern(other).weights, strict=True))
        )
        part = {}
        for place in sorted(left, reverse=goal == other):
            mine, match = left.get(place, 0), sign * theirs.get(place - distance, 0)
            if mine * match <= 0:
                continue
            weight = min(mine, match, key=abs)
            part[place] = weight
            if goal == other:
                left[place] -= weight
                left[place - distance] -= sign * weight
        if not part or part == left:
            return None
        packed = self._lattice.packed(part)
        rest = goal - packed - (sign * self._lattice.shifted(packed, -distance) if goal == other else 0)
        return sum(map(abs, part.values())), distance, sign, packed, rest

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

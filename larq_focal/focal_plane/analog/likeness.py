"""Parts that kernels share with each other, or that a kernel repeats."""

from __future__ import annotations

from dataclasses import dataclass

from larq_focal.focal_plane.analog.packed import Lattice

_MOST = 8  # parts that are worth a try


@dataclass(frozen=True)
class Part:
    """``kernel`` stands in a goal, ``image`` is the same where the other kernel has it.

    ``kernel`` is ``image``, shifted by ``distance`` fields and with ``sign``; ``rest`` is what the goal has besides
    ``kernel``, and besides ``image`` where the goal itself repeats the part.
    """

    kernel: int
    image: int
    rest: int
    distance: int
    sign: int


class Likeness:
    """Finds parts, and remembers them."""

    def __init__(self, lattice: Lattice):
        self._lattice = lattice
        self._found: dict[tuple[int, int], tuple[Part, ...]] = {}

    def parts(self, goal: int, other: int) -> tuple[Part, ...]:
        """The largest parts that ``goal`` shares with ``other``, or repeats where both are the same."""
        if (goal, other) not in self._found:
            sized = [
                (size, part)
                for distance in self._distances(goal, other)
                for sign in (1, -1)
                for size, part in self._shared(goal, other, distance, sign)
            ]
            sized.sort(key=lambda entry: (-entry[0], entry[1].distance, entry[1].sign))
            self._found[goal, other] = tuple(part for _, part in sized[:_MOST])
        return self._found[goal, other]

    def _distances(self, goal: int, other: int) -> list[int]:
        mine, theirs = self._lattice.pattern(goal).places, self._lattice.pattern(other).places
        distances = {a - b for a in mine for b in theirs}
        return sorted(d for d in distances if d > 0) if goal == other else sorted(distances)

    def _shared(self, goal: int, other: int, distance: int, sign: int) -> list[tuple[int, Part]]:
        """Tap by tap the smaller of both weights, where they agree in sign; within one kernel each tap serves once."""
        repeats = goal == other
        left = self._weights(goal)
        theirs = left if repeats else self._weights(other)
        taken = {}
        for place in sorted(left, reverse=repeats):
            mine, match = left[place], sign * theirs.get(place - distance, 0)
            if mine * match <= 0:
                continue
            taken[place] = weight = min(mine, match, key=abs)
            if repeats:
                left[place] -= weight
                left[place - distance] -= sign * weight
        if not taken:
            return []
        kernel = self._lattice.packed(taken)
        image = sign * self._lattice.shifted(kernel, -distance)
        rest = goal - kernel - (image if repeats else 0)
        return [(sum(map(abs, taken.values())), Part(kernel, image, rest, distance, sign))]

    def _weights(self, kernel: int) -> dict[int, int]:
        pattern = self._lattice.pattern(kernel)
        return dict(zip(pattern.places, pattern.weights, strict=True))

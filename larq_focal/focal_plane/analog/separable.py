"""Programs for separable kernels: a convolution along one axis, and another along the other of what came of it.

E. g. a box of 3x3 is the sum of three columns, each the sum of three pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from larq_focal.focal_plane.analog.kernel_search import (
    KernelLattice,
    SearchLimits,
    found_program,
    gain_of,
    halvings_of,
    moves_over,
)
from larq_focal.focal_plane.analog.search import Found
from larq_focal.focal_plane.analog.taps import Taps

_IMAGE: Taps = {(0, 0): Fraction(1)}
_Row = dict[int, Fraction]


def factors(wanted: Sequence[Taps], axis: int) -> tuple[Taps, list[Taps]] | None:
    """A kernel along ``axis`` that all kernels have as a factor, whole numbers without a common divisor, and the rest.

    None where there is none, or where one of the two would be a single pixel.
    """
    shared: _Row | None = None
    rest: list[Taps] = []
    for taps in wanted:
        across: Taps = {}
        for position, row in _rows(taps, axis):
            if shared is None:
                scale = Fraction(
                    math.gcd(*(w.numerator for w in row.values())), math.lcm(*(w.denominator for w in row.values()))
                )
                shared = {place: weight / scale for place, weight in row.items()}
            ratio = next(iter(row.values())) / shared.get(next(iter(row)), Fraction(1))
            if row != {place: ratio * weight for place, weight in shared.items()}:
                return None
            across[(position, 0) if axis else (0, position)] = ratio
        rest.append(across)
    if len(shared) == 1 or max(map(len, rest)) == 1:
        return None
    return {(0, place) if axis else (place, 0): weight for place, weight in shared.items()}, rest


def separable_program(
    whole: KernelLattice, wanted: Sequence[Taps], divide: str, most_gain: Fraction, limits: SearchLimits
) -> Found | None:
    """The shortest of the programs in two steps, in moves of ``whole``; None where no factor is shared.

    The factor is divided by each power of two that the weights allow, before its rest is computed.
    """
    best: Found | None = None
    for axis in (1, 0):
        split = factors(wanted, axis)
        if split is None:
            continue
        factor, rest = split
        for halvings in range(halvings_of(wanted) + 1):
            first = {offset: weight / 2**halvings for offset, weight in factor.items()}
            second = [{offset: weight * 2**halvings for offset, weight in taps.items()} for taps in rest]
            found = _in_two_steps(whole, first, second, divide, most_gain, limits)
            if found and (best is None or found.icw < best.icw):
                best = found
    return best


def _in_two_steps(
    whole: KernelLattice, first: Taps, second: Sequence[Taps], divide: str, most_gain: Fraction, limits: SearchLimits
) -> Found | None:
    gain = gain_of(first)
    if gain > most_gain:
        return None
    steps = []
    for inner, kernels, most in ((_IMAGE, [first], most_gain), (first, second, most_gain / gain)):
        own = KernelLattice.of([_IMAGE, *kernels])
        found = found_program(own, kernels, divide, most, limits)
        if found is None:
            return None
        steps.append((moves_over(found.moves, own, whole, inner), found))
    moves = tuple(move for step, _ in steps for move in step)
    return Found(moves, sum(found.icw for _, found in steps), sum(found.nodes for _, found in steps))


def _rows(taps: Taps, axis: int) -> Iterator[tuple[int, _Row]]:
    """The lines of a kernel along ``axis``, by their position across it."""
    lines: dict[int, _Row] = {}
    for offset, weight in taps.items():
        lines.setdefault(offset[1 - axis], {})[offset[axis]] = weight
    yield from lines.items()

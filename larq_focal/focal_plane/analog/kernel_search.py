"""Searches for programs of kernels given as taps: their lattice, the search, and its moves as taps again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from larq_focal.focal_plane.analog.effort import Effort
from larq_focal.focal_plane.analog.likeness import Likeness
from larq_focal.focal_plane.analog.moves import Move, Moves
from larq_focal.focal_plane.analog.packed import Lattice
from larq_focal.focal_plane.analog.search import Found, Search
from larq_focal.focal_plane.analog.taps import Offset, Taps
from larq_focal.focal_plane.machine.forms import FORMS
from larq_focal.focal_plane.progress import Progress, silent

_SLACK = 2  # pixels by which intermediate kernels may stand out of those wanted


@dataclass(frozen=True)
class KernelLattice:
    """Taps, in steps of ``2 ** -halvings``, as packed kernels and back."""

    lattice: Lattice
    halvings: int

    @classmethod
    def of(cls, wanted: Sequence[Taps]) -> KernelLattice:
        """For these kernels and what programs for them compute on the way."""
        return cls(Lattice([offset for taps in wanted for offset in taps], _SLACK), halvings_of(wanted))

    @property
    def source(self) -> int:
        """The image."""
        return self.packed({(0, 0): Fraction(1)})

    def packed(self, taps: Taps) -> int:
        place = self.lattice.place
        return self.lattice.packed({place(offset): int(weight * 2**self.halvings) for offset, weight in taps.items()})

    def taps(self, kernel: int) -> Taps:
        pattern, step = self.lattice.pattern(kernel), Fraction(1, 2**self.halvings)
        offsets: Iterable[Offset] = map(self.lattice.offset, pattern.places)
        return {offset: weight * step for offset, weight in zip(offsets, pattern.weights, strict=True)}


@dataclass(frozen=True)
class SearchLimits:
    """What a search may take: ``registers`` at once, ``most_nodes`` states, and a time; ``seed`` draws its order."""

    registers: int
    most_nodes: int
    time_limit_s: float
    seed: int


def halvings_of(wanted: Iterable[Taps]) -> int:
    return max(weight.denominator.bit_length() - 1 for taps in wanted for weight in taps.values())


def gain_of(taps: Taps) -> Fraction:
    """The sum of the weights' sizes."""
    return sum(map(abs, taps.values()), Fraction(0))


def icw_of(mnemonic: str) -> int:
    return len(FORMS[mnemonic][0].expansion)


def found_program(
    kernels: KernelLattice,
    wanted: Sequence[Taps],
    divide: str,
    most_gain: Fraction,
    limits: SearchLimits,
    bound_icw: float = math.inf,
    progress: Progress = silent,
) -> Found | None:
    """The cheapest program of fewer than ``bound_icw`` words whose values gain at most ``most_gain``, or None."""
    lattice, source = kernels.lattice, kernels.source
    likeness = Likeness(lattice)
    moves = Moves(lattice, likeness, source, divide, int(most_gain * 2**kernels.halvings))
    goals = [kernels.packed(taps) for taps in wanted]
    effort = Effort(lattice, likeness, source)
    search = Search(lattice, moves, effort, goals, source, icw_of, limits.registers, limits.seed, bound_icw)
    return search.run(limits.most_nodes, limits.time_limit_s, progress)


def moves_over(moves: Iterable[Move], own: KernelLattice, whole: KernelLattice, inner: Taps) -> tuple[Move, ...]:
    """Moves on an image that is the kernel ``inner`` of another, as moves on that other image."""

    def over(kernel: int) -> int:
        total: Taps = {}
        for (row, column), weight in own.taps(kernel).items():
            for (rows, columns), factor in inner.items():
                offset = row + rows, column + columns
                total[offset] = total.get(offset, Fraction(0)) + weight * factor
        return whole.packed(total)

    return tuple(
        replace(
            move,
            result=over(move.result),
            operands=tuple(map(over, move.operands)),
            spare=None if move.spare is None else over(move.spare),
        )
        for move in moves
    )

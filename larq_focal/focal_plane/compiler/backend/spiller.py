"""Planes that move elsewhere where registers run out, and back where they are used."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from larq_focal.focal_plane.compiler.backend.accesses import Access, Accesses
from larq_focal.focal_plane.compiler.backend.allocation import AllocationError, LiveRange, allocate
from larq_focal.focal_plane.compiler.backend.homes import Home, SpillMoves, homes
from larq_focal.focal_plane.compiler.backend.liveness import Blocked, blocked_spans, masks_of
from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane, Statement
from larq_focal.focal_plane.sensor.spills import Spill

_NEAR = 6  # statements between two uses of a spilled plane that are worth a register

SpillPlace = tuple[Home, str]  # where a spilled plane goes: the kind of home, and the place there


class Spiller:
    """Chooses planes to spill and rewrites code for them.

    Args:
        code: as it is before anything is spilled.
        spill: how far planes may go.
        finder: what the moves read and write.
    """

    def __init__(self, code: Code, spill: Spill, finder: Accesses):
        self._homes = homes(code, spill)
        self._finder = finder
        self._short: set[Plane] = set()  # planes that only carry a spilled one to its use and back

    @property
    def moves(self) -> dict[str, SpillMoves]:
        """The moves of one frame by kind of home."""
        return {home.name: home.moves for home in self._homes}

    def victims(
        self, code: Code, accesses: Sequence[Access], ranges: Mapping[Plane, LiveRange], error: AllocationError
    ) -> dict[Plane, SpillPlace] | Plane:
        """Planes whose spilling lets the others be allocated, with places for them.

        Or the plane that finds no register, where nothing more can be spilled or no place is left.
        """
        spans = blocked_spans(code, accesses)
        uses = Counter(name for access in accesses for name in {*access.reads, *access.writes})
        left = dict(ranges)
        victims: dict[Plane, SpillPlace] = {}
        while True:
            blocked = list(left)[error.blocked]
            candidates = self._candidates(left, blocked, accesses)
            found = _seldom_used(self._homes, candidates, uses, ranges, victims, spans)
            if found is None:
                return blocked
            plane, placed = found
            victims[plane] = placed
            del left[plane]
            try:
                allocate(list(left.values()), masks_of(code.sensor))
                return victims
            except AllocationError as another:
                error = another

    def _candidates(self, ranges: Mapping[Plane, LiveRange], blocked: Plane, accesses: Sequence[Access]) -> list[Plane]:
        """Planes that are live, but not in use, where ``blocked`` finds no register."""
        here = ranges[blocked].start
        barred = self._short | {*accesses[here].reads, *accesses[here].writes}
        return [plane for plane, span in ranges.items() if span.start <= here <= span.end and plane not in barred]

    def rewritten(self, code: Code, accesses: Sequence[Access], victims: Mapping[Plane, SpillPlace]) -> Code:
        """The code with ``victims`` in their places, brought to a plane where they are used.

        Uses that stand close together share one plane, which is stored after the last if it was written.
        """
        before: dict[int, list[tuple[Plane, bool]]] = defaultdict(list)
        after: dict[int, list[Plane]] = defaultdict(list)
        spans = blocked_spans(code, accesses)
        changed = {name for home, place in set(victims.values()) for name in _changed(home, place, self._finder)}
        visits = _visits(victims, accesses, [spans[name] for name in sorted(changed & spans.keys())])
        for plane, (home, place) in victims.items():
            home.moves.homes[f"{plane.name} ({len(home.moves.homes) + 1})"] = place
            for visit in visits[plane]:
                before[visit.first].append((plane, visit.reloads))
                if visit.stores:
                    after[visit.last].append(plane)
        result = Code(code.sensor, code.reserved, code.limit)
        names: dict[Plane, Plane] = {}
        for index, statement in enumerate(code.statements):
            for plane, reloads in before[index]:
                home, place = victims[plane]
                names[plane] = Plane(f"{plane.name}, spilled")
                self._short.add(names[plane])
                if reloads:
                    result.statements += _beside(statement, home.reloaded(place, names[plane], statement.section))
                    home.moves.reloads += 1
                    home.moves.sections.add(statement.section)
            if not names.keys().isdisjoint(statement.operands):
                statement = replace(statement, operands=tuple(names.get(o, o) for o in statement.operands))
            result.statements.append(statement)
            for plane in after[index]:
                home, place = victims[plane]
                result.statements += _beside(statement, home.stored(place, names[plane], statement.section))
                home.moves.stores += 1
                home.moves.sections.add(statement.section)
        return result


def _beside(statement: Statement, moves: Sequence[Statement]) -> list[Statement]:
    """SpillMoves that leave alone what must be kept at ``statement``."""
    return [replace(move, keeps=statement.keeps) for move in moves]


def _seldom_used(
    kinds: Sequence[Home],
    candidates: Sequence[Plane],
    uses: Mapping[Operand, int],
    ranges: Mapping[Plane, LiveRange],
    victims: Mapping[Plane, SpillPlace],
    spans: Mapping[str, Blocked],
) -> tuple[Plane, SpillPlace] | None:
    """The candidate of fewest uses in its life that has a place, in the first kind of home that has one for any."""

    def rank(plane: Plane) -> tuple[float, int]:
        start, end = ranges[plane].start, ranges[plane].end
        return uses[plane] / (end - start + 1), start

    ordered = sorted(candidates, key=rank)
    for home in kinds:
        for plane in ordered:
            start, end = ranges[plane].start, ranges[plane].end
            taken = {place for p, (_, place) in victims.items() if ranges[p].start <= end and start <= ranges[p].end}
            place = home.free((start, end), taken, spans)
            if place is not None:
                return plane, (home, place)
    return None


@dataclass
class _Visit:
    """A spilled plane is in a register from statement ``first`` to ``last``."""

    first: int
    last: int
    reloads: bool
    stores: bool


def _changed(home: Home, place: str, finder: Accesses) -> set[str]:
    """The registers that moves to and from ``place`` write beside it and the plane."""
    plane = Plane("moved")
    moves = [*home.stored(place, plane, ""), *home.reloaded(place, plane, "")]
    return {name for move in moves for name in finder.of(move).writes if isinstance(name, str)} - {place}


def _visits(
    victims: Mapping[Plane, SpillPlace], accesses: Sequence[Access], held: Sequence[Blocked]
) -> dict[Plane, list[_Visit]]:
    """Visits do not begin or end where a register that moves change holds what is still needed: FLAG, IN, and others.

    The last visit stores nothing: the plane is dead, and its place may be in use again.
    """
    visits: dict[Plane, list[_Visit]] = {plane: [] for plane in victims}
    for index, access in enumerate(accesses):
        first, last = _around(held, index)
        for plane in {*access.reads, *access.writes} & victims.keys():
            reads, writes, known = plane in access.reads, plane in access.writes, visits[plane]
            if known and first - known[-1].last <= _NEAR:
                known[-1].last = last
                known[-1].stores |= writes
            else:
                known.append(_Visit(first, last, reads, writes))
    for known in visits.values():
        known[-1].stores = False
    return visits


def _around(held: Sequence[Blocked], index: int) -> tuple[int, int]:
    """The statements about ``index`` before and behind which none of the registers is needed."""
    first = last = index
    while True:
        begins = [spans.around(first) for spans in held]
        ends = [spans.around(last) for spans in held]
        wider = min([first, *(span[0] for span in begins)]), max([last, *(span[1] for span in ends)])
        if wider == (first, last):
            return wider
        first, last = wider

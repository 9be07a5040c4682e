"""Planes that move to analog registers where digital ones run out: a bit as a charge, positive for 1 and 0 for 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from larq_focal.focal_plane.compiler.accesses import Access
from larq_focal.focal_plane.compiler.allocation import AllocationError, LiveRange, allocate
from larq_focal.focal_plane.compiler.liveness import blocked_spans, masks_of
from larq_focal.focal_plane.compiler.virtual import Code, Plane, Statement

_SHARE_OF_RANGE = 2  # a one is stored as half the analog range
_NEAR = 6  # statements between two uses of a spilled plane that are worth a register


class Spiller:
    """Chooses planes to spill and rewrites code for them; each takes an analog register that the code does not name.

    ``registers`` tells which took which; ``stores`` and ``reloads`` count the moves.
    """

    def __init__(self, code: Code):
        analog = code.sensor.analog
        named = {operand for statement in code.statements for operand in statement.operands}
        is_usable = analog.maximum is not None and bool(analog.port) and bool(code.sensor.digital.flag)
        self._usable = [name for name in analog.storage if name not in named] if is_usable else []
        self._level = (analog.maximum or 0) // _SHARE_OF_RANGE
        self._flag = code.sensor.digital.flag
        self._short: set[Plane] = set()  # planes that only carry a spilled one to its use and back
        self.registers: dict[str, str] = {}
        self.stores = self.reloads = 0

    def victims(
        self, code: Code, accesses: Sequence[Access], ranges: Mapping[Plane, LiveRange], error: AllocationError
    ) -> dict[Plane, str] | Plane:
        """Planes whose spilling lets the others be allocated, with analog registers for them.

        Or the plane that finds no register, where nothing more can be spilled or no analog register is left.
        """
        spans = blocked_spans(code, accesses)
        left = dict(ranges)
        victims: dict[Plane, str] = {}
        while True:
            blocked = list(left)[error.blocked]
            options = []
            for plane in self._candidates(left, blocked, accesses):
                start, end = ranges[plane].start, ranges[plane].end
                taken = {r for p, r in victims.items() if ranges[p].start <= end and start <= ranges[p].end}
                free = [r for r in self._usable if r not in taken and not spans[r].touches((start, end))]
                if free:
                    touches = sum(plane in a.reads or plane in a.writes for a in accesses[start : end + 1])
                    options.append((touches / (end - start + 1), start, plane, free[0]))
            if not options:
                return blocked
            *_, plane, register = min(options, key=lambda option: option[:2])
            victims[plane] = register
            del left[plane]
            try:
                allocate(list(left.values()), masks_of(code.sensor))
                return victims
            except AllocationError as another:
                error = another

    def _candidates(self, ranges: Mapping[Plane, LiveRange], blocked: Plane, accesses: Sequence[Access]) -> set[Plane]:
        """Planes that are live, but not in use, where ``blocked`` finds no register."""
        here = ranges[blocked].start
        live = {plane for plane, span in ranges.items() if span.start <= here <= span.end}
        return live - self._short - {*accesses[here].reads, *accesses[here].writes}

    def rewritten(self, code: Code, accesses: Sequence[Access], victims: Mapping[Plane, str]) -> Code:
        """The code with ``victims`` in their analog registers, brought to a plane where they are used.

        Uses that stand close together share one plane, which is stored after the last if it was written.
        """
        before: dict[int, list[tuple[Plane, bool]]] = defaultdict(list)
        after: dict[int, list[Plane]] = defaultdict(list)
        visits = _visits(victims, accesses)
        for plane in victims:
            self.registers[f"{plane.name} ({len(self.registers) + 1})"] = victims[plane]
            for visit in visits[plane]:
                before[visit.first].append((plane, visit.reloads))
                if visit.stores:
                    after[visit.last].append(plane)
        result = Code(code.sensor, code.reserved)
        names: dict[Plane, Plane] = {}
        for index, statement in enumerate(code.statements):
            for plane, reloads in before[index]:
                names[plane] = Plane(f"{plane.name}, spilled")
                self._short.add(names[plane])
                if reloads:
                    lines = ("where", victims[plane]), ("MOV", names[plane], *self._flag), ("ALL",)
                    result.statements += _lines(statement, *lines)
                    self.reloads += 1
            if not names.keys().isdisjoint(statement.operands):
                statement = replace(statement, operands=tuple(names.get(o, o) for o in statement.operands))
            result.statements.append(statement)
            for plane in after[index]:
                level = replace(statement, name="load_in", operands=(str(-self._level),), is_call=True, result=None)
                lines = ("res", victims[plane]), ("WHERE", names[plane]), ("bus", victims[plane], "IN"), ("ALL",)
                result.statements += [level, *_lines(statement, *lines)]
                self.stores += 1
        return result


def _lines(beside: Statement, *lines: tuple) -> list[Statement]:
    return [Statement(name, tuple(operands), beside.section, keeps=beside.keeps) for name, *operands in lines]


@dataclass
class _Visit:
    """A spilled plane is in a register from statement ``first`` to ``last``."""

    first: int
    last: int
    reloads: bool
    stores: bool


def _visits(victims: Mapping[Plane, str], accesses: Sequence[Access]) -> dict[Plane, list[_Visit]]:
    visits: dict[Plane, list[_Visit]] = {plane: [] for plane in victims}
    for index, access in enumerate(accesses):
        for plane in {*access.reads, *access.writes} & victims.keys():
            reads, writes, known = plane in access.reads, plane in access.writes, visits[plane]
            if known and index - known[-1].last <= _NEAR:
                known[-1].last = index
                known[-1].stores |= writes
            else:
                known.append(_Visit(index, index, reads, writes))
    return visits

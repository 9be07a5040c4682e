"""Planes that move to analog registers where digital ones run out: a bit as a charge, positive for 1 and 0 for 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from larq_focal.focal_plane.compiler.accesses import Access
from larq_focal.focal_plane.compiler.allocation import LiveRange
from larq_focal.focal_plane.compiler.liveness import blocked_spans
from larq_focal.focal_plane.compiler.virtual import Code, Plane, Statement

_SHARE_OF_RANGE = 2  # a one is stored as half the analog range
_NEAR = 6  # statements between two uses of a spilled plane that are worth a register


class Spiller:
    """Chooses planes to spill and rewrites code for them; each takes an analog register that the code does not name."""

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

    @property
    def count(self) -> int:
        return len(self.registers)

    def spill(
        self, code: Code, accesses: Sequence[Access], ranges: Mapping[Plane, LiveRange], blocked: Plane
    ) -> Code | None:
        """The code with one plane less where ``blocked`` finds no register.

        Of the planes that are live there, the one goes that is touched most seldom for its length. None where nothing
        can be spilled, or no analog register is left.
        """
        here = ranges[blocked].start
        live = {p for p, span in ranges.items() if span.start <= here <= span.end and p not in self._short}
        live -= {*accesses[here].reads, *accesses[here].writes}  # in use right here: no gain
        touches = dict.fromkeys(live, 0)
        for access in accesses:
            for name in access.reads + access.writes:
                if name in touches:
                    touches[name] += 1
        spans = blocked_spans(code, accesses)
        options = []
        for plane in live:
            start, end = ranges[plane].start, ranges[plane].end
            free = [name for name in self._usable if not spans[name].touches((start, end))]
            if free:
                options.append((touches[plane] / (end - start + 1), start, plane, free[0]))
        if not options:
            return None
        _, _, victim, register = min(options, key=lambda option: option[:2])
        return self._rewritten(code, accesses, victim, register)

    def _rewritten(self, code: Code, accesses: Sequence[Access], victim: Plane, register: str) -> Code:
        """The code with ``victim`` in an analog register, brought to a plane where it is used.

        Uses that stand close together share one plane, which is stored after the last if it was written.
        """
        self.registers[f"{victim.name} ({len(self.registers) + 1})"] = register
        visits = _visits(victim, accesses)
        starts, ends = {visit.first: visit for visit in visits}, {visit.last: visit for visit in visits}
        result = Code(code.sensor, code.reserved)
        names: dict[Plane, Plane] = {}
        for index, statement in enumerate(code.statements):
            if index in starts:
                names = {victim: Plane(f"{victim.name}, spilled")}
                self._short.update(names.values())
                if starts[index].reloads:
                    self._add(result, statement, ("where", register), ("MOV", names[victim], *self._flag), ("ALL",))
                    self.reloads += 1
            operands = tuple(names.get(operand, operand) for operand in statement.operands)
            result.statements.append(replace(statement, operands=operands))
            if index in ends and ends[index].stores:
                level = Statement("load_in", (str(-self._level),), statement.section, is_call=True)
                result.statements.append(level)
                store = ("res", register), ("WHERE", names[victim]), ("bus", register, "IN"), ("ALL",)
                self._add(result, statement, *store)
                self.stores += 1
        return result

    @staticmethod
    def _add(code: Code, beside: Statement, *lines: tuple) -> None:
        code.statements += [Statement(name, tuple(operands), beside.section) for name, *operands in lines]


@dataclass(frozen=True)
class _Visit:
    """A spilled plane is in a register from statement ``first`` to ``last``."""

    first: int
    last: int
    reloads: bool
    stores: bool


def _visits(victim: Plane, accesses: Sequence[Access]) -> list[_Visit]:
    touched = [
        (index, victim in access.reads, victim in access.writes)
        for index, access in enumerate(accesses)
        if victim in access.reads or victim in access.writes
    ]
    visits: list[_Visit] = []
    for index, reads, writes in touched:
        if visits and index - visits[-1].last <= _NEAR:
            visits[-1] = replace(visits[-1], last=index, stores=visits[-1].stores or writes)
        else:
            visits.append(_Visit(index, index, reads, writes))
    return visits

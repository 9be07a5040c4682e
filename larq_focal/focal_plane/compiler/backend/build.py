"""From code on planes to a program: allocation, with spills where registers run out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from larq_focal.focal_plane.compiler.backend.accesses import Access, Accesses
from larq_focal.focal_plane.compiler.backend.allocation import AllocationError, LiveRange, allocate
from larq_focal.focal_plane.compiler.backend.flags import without_needless_lifts
from larq_focal.focal_plane.compiler.backend.homes import SpillMoves
from larq_focal.focal_plane.compiler.backend.kernels import icw_by_section, placed, program
from larq_focal.focal_plane.compiler.backend.liveness import live_ranges, masks_of, overwritten
from larq_focal.focal_plane.compiler.backend.section_use import SectionUse, uses_by_section
from larq_focal.focal_plane.compiler.backend.spiller import Spiller
from larq_focal.focal_plane.compiler.backend.virtual import Code, Plane, Statement
from larq_focal.focal_plane.machine.instruction_set import InstructionSet
from larq_focal.focal_plane.machine.program import Program
from larq_focal.focal_plane.sensor.spills import IN_HOME, Spill, check_spill
from larq_focal.verdicts.verdict import Verdict


class RegisterError(ValueError):
    """A program needs more registers than the sensor has; the message names the step and what is live there.

    ``section`` is that step, the first of the ``sections`` that are known to need more registers.
    """

    verdict = Verdict.NO_FIT

    def __init__(self, message: str, section: str, *others: str):
        super().__init__(message)
        self.section = section
        self.sections = tuple(dict.fromkeys((section, *others)))


@dataclass(frozen=True)
class Lived:
    """Where a plane of the program lay, from statement ``start`` to ``end`` of the unrolled code."""

    plane: str
    register: str
    start: int
    end: int


@dataclass(frozen=True)
class Allocation:
    """Which planes took which registers.

    ``used`` are the registers in use as the sensor's convention counts them, ``named`` all of them; ``peak`` is the
    most planes live at once. ``moves`` are those of one frame that spilled planes make, by where they go: "analog"
    registers or the "controller". ``by_section`` tells what each step of the network uses.
    """

    used: int
    nominal: int
    named: tuple[str, ...]
    peak: int
    moves: Mapping[str, SpillMoves]
    lived: tuple[Lived, ...]
    by_section: Mapping[str, SectionUse]

    @property
    def spills_to(self) -> tuple[str, ...]:
        """Where planes are spilled to; empty where none is."""
        return tuple(name for name, moves in self.moves.items() if moves.homes)

    def to_dict(self) -> dict[str, Any]:
        return {
            "used": self.used,
            "nominal": self.nominal,
            "registers": list(self.named),
            "peak_planes": self.peak,
            "spills_to": list(self.spills_to),
            "moves": {name: moves.to_dict() for name, moves in self.moves.items()},
        }


@dataclass(frozen=True)
class Built:
    """A program with the registers of its planes.

    ``icw`` are the instruction words of one frame by section and clock class, and ``calls`` those of the controller by
    section and overhead; a launch belongs to the section in which its kernel begins.
    """

    program: Program
    allocation: Allocation
    icw: Mapping[str, Mapping[str, int]]
    calls: Mapping[str, Mapping[str, int]]

    @property
    def total_icw(self) -> int:
        return sum(sum(count.values()) for count in self.icw.values())


def build(code: Code, spill: Spill = "analog", swaps_kernels: bool = False) -> Built:
    """Gives every plane of ``code`` a register, and divides it into kernels.

    Args:
        code: the program on planes.
        spill: how far planes may be moved where digital registers run out: not at all ("none"), to "analog" registers,
            or, when those run out too, to the "controller" and back.
        swaps_kernels: whether the controller may put other kernels into the store within the frame, where it cannot
            hold all.

    Raises:
        RegisterError: more planes are live at once than there are registers, and nothing more can be spilled.
        StoreError: the kernels take more words than the store of the array holds; where they may be swapped, a single
            instruction does.
        ValueError: a plane is read before it is written, or ``spill`` is not known, or not for this sensor.
    """
    check_spill(spill, code.sensor)
    finder = Accesses(code.sensor)
    masks = masks_of(code.sensor)
    spiller = Spiller(code, spill)
    code, accesses = _without_dead_writes(code, finder)
    while True:
        code.limit.check()
        ranges = live_ranges(code, accesses)
        try:
            registers = dict(zip(ranges, allocate(list(ranges.values()), masks), strict=True))
            break
        except AllocationError as error:
            victims = spiller.victims(code, accesses, ranges, error)
            if isinstance(victims, Plane):
                starts = [ranges[victims].start, *_starts(ranges, error.overfull)]
                sections = [code.statements[start].section for start in starts]
                raise RegisterError(_misfit(code, ranges, victims, spiller), *sections) from None
            code = spiller.rewritten(code, accesses, victims)
            accesses = [finder.of(statement) for statement in code.statements]
    if (index := overwritten(code, accesses)) is not None:
        section = code.statements[index].section
        raise RegisterError(f"'{section}' needs a register that calls of the controller overwrite meanwhile", section)
    instruction_set = InstructionSet(code.sensor)
    lines = without_needless_lifts(placed(code.statements, accesses, registers, code.sensor), instruction_set)
    outlined = program(lines, instruction_set, swaps_kernels)
    return Built(
        program=outlined.program,
        allocation=_allocation(code, ranges, registers, accesses, spiller),
        icw=icw_by_section(lines, instruction_set),
        calls=outlined.calls,
    )


def _without_dead_writes(code: Code, finder: Accesses) -> tuple[Code, list[Access]]:
    """The code without instructions whose results no one reads."""
    wanted: set[Plane] = set()
    kept: list[tuple[Statement, Access]] = []
    for statement in reversed(code.statements):
        access = finder.of(statement)
        results = [name for name in access.writes if name not in access.overwrites]
        is_dead = results and all(isinstance(name, Plane) and name not in wanted for name in results)
        if not is_dead:
            wanted.update(name for name in access.reads if isinstance(name, Plane))
            kept.append((statement, access))
    shorter = Code(code.sensor, code.reserved, code.limit)
    shorter.statements = [statement for statement, _ in reversed(kept)]
    return shorter, [access for _, access in reversed(kept)]


def _starts(ranges: Mapping[Plane, LiveRange], indices: Iterable[int]) -> list[int]:
    every = list(ranges.values())
    return [every[index].start for index in indices]


def _misfit(code: Code, ranges: Mapping[Plane, LiveRange], blocked: Plane, spiller: Spiller) -> str:
    here = ranges[blocked]
    live = [plane.name for plane, other in ranges.items() if other.start <= here.start <= other.end]
    digital = code.sensor.digital
    counts = Counter(live)
    names = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())
    registers = len(digital.direction + digital.holders)
    text = (
        f"'{code.statements[here.start].section}' holds {len(live)} planes at once ({names}), and {code.sensor.name} "
        f"has {registers} registers for planes, {len(digital.holders)} of them through shifts"
    )
    elsewhere = [f"{len(moves.homes)} more {IN_HOME[name]}" for name, moves in spiller.moves.items() if moves.homes]
    return f"{text}, with {' and '.join(elsewhere)}" if elsewhere else text


def _allocation(
    code: Code, ranges: Mapping[Plane, LiveRange], registers: Mapping[Plane, str], accesses: list[Access], spiller
) -> Allocation:
    digital = code.sensor.digital
    every = digital.mask + digital.direction + digital.free + digital.propagation + digital.flag
    touched = set(registers.values()) | set(code.reserved)
    for access in accesses:
        touched.update(name for name in access.reads + access.writes if isinstance(name, str))
    if touched & set(digital.propagation):  # they are written where the mask is 1
        touched.update(digital.mask)
    named = tuple(name for name in every if name in touched)
    by_section = uses_by_section(code, accesses, ranges, registers)
    return Allocation(
        used=digital.count(named),
        nominal=digital.nominal,
        named=named,
        peak=max((use.peak for use in by_section.values()), default=0),
        moves=spiller.moves,
        lived=tuple(Lived(plane.name, registers[plane], here.start, here.end) for plane, here in ranges.items()),
        by_section=by_section,
    )

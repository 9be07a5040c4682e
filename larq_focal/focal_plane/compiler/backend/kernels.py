"""Straight code with registers becomes kernels in the store and a script that launches them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from larq_focal.focal_plane.compiler.backend.accesses import Access
from larq_focal.focal_plane.compiler.backend.virtual import Plane, Statement
from larq_focal.focal_plane.machine.controller import FUNCTIONS
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionSet
from larq_focal.focal_plane.machine.pixel_array import INPUT
from larq_focal.focal_plane.machine.program import Call, Kernel, Launch, Program, Repeat
from larq_focal.focal_plane.machine.program import Statement as ProgramStatement
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.verdicts.verdict import Verdict

LAUNCH = "kernel_launch"  # the overhead of a launch


@dataclass(frozen=True)
class Placed:
    """A statement with registers."""

    statement: Instruction | Call
    section: str
    starts_kernel: bool


class StoreError(ValueError):
    """The kernels do not fit in the store of the array; ``words`` is what they take."""

    verdict = Verdict.NO_FIT

    def __init__(self, words: int, limit: int, sensor: Sensor):
        super().__init__(f"the kernels take {words} instruction words, and the store of {sensor.name} holds {limit}")
        self.words = words


def placed(
    statements: Sequence[Statement], accesses: Sequence[Access], registers: Mapping[Plane, str], sensor: Sensor
) -> list[Placed]:
    """Statements with registers; FLAG and the mask register are at one wherever that is relied upon, and at the end."""
    digital = sensor.digital
    flag, mask, propagation = (next(iter(names), None) for names in (digital.flag, digital.mask, digital.propagation))
    flag_is_one, mask_is_one = True, False
    level: Call | None = None  # the last load of IN, which need not be loaded twice
    result: list[Placed] = []
    for statement, access in zip(statements, accesses, strict=True):
        written = {registers.get(name, name) for name in access.writes if isinstance(name, Plane)}
        repairs = []
        if access.is_analog and not flag_is_one:
            repairs.append(Instruction("ALL"))
            flag_is_one = True
        writes_masked = propagation in written or (propagation in access.writes and mask not in access.writes)
        if writes_masked and mask and not mask_is_one and mask not in statement.keeps:
            repairs.append(Instruction("SET", (mask,)))
            mask_is_one = True
        starts = statement.starts_kernel
        for repair in repairs:
            result.append(Placed(repair, statement.section, starts))
            starts = False
        here = statement.placed(registers)
        if INPUT in access.writes:
            if here == level:
                continue
            level = here
        if flag in written:
            here = Instruction("WHERE", here.operands[1:])
            flag_is_one = False
        if flag in access.writes:
            flag_is_one = True  # or what the program wants it to be
        if mask in access.writes or mask in written:
            mask_is_one = here == Instruction("SET", (mask,))
        result.append(Placed(here, statement.section, starts))
    if not flag_is_one:
        result.append(Placed(Instruction("ALL"), result[-1].section, False))
    return result


@dataclass(frozen=True)
class Outlined:
    """A program, and the calls of its frame by section and overhead, launches among them."""

    program: Program
    calls: Mapping[str, Mapping[str, int]]


def program(code: Sequence[Placed], instruction_set: InstructionSet) -> Outlined:
    """Kernels of which no two are alike, split as little as the store allows.

    Raises:
        StoreError: however the code is split, its kernels take more words than the store holds.
    """
    limit = instruction_set.sensor.code_store_icw
    for split in (False, True):
        result = _outlined(code, split)
        words = result.program.store_icw(instruction_set)
        if limit is None or words <= limit:
            return result
    raise StoreError(words, limit, instruction_set.sensor)


def icw_by_section(code: Sequence[Placed], instruction_set: InstructionSet) -> dict[str, Counter[str]]:
    """Instruction words of one frame by section and clock class."""
    result: dict[str, Counter[str]] = {}
    for here in code:
        count = result.setdefault(here.section, Counter())
        if isinstance(here.statement, Instruction):
            count.update(word.form.clock for word in instruction_set.words(here.statement))
    return result


def _outlined(code: Sequence[Placed], split: bool) -> Outlined:
    kernels: dict[tuple[Instruction, ...], Kernel] = {}
    numbers: Counter[str] = Counter()
    main: list[ProgramStatement] = []
    run: list[Placed] = []
    calls: dict[str, Counter[str]] = defaultdict(Counter)

    def close() -> None:
        if not run:
            return
        body = tuple(here.statement for here in run)
        if body not in kernels:
            name = re.sub(r"\W+", "_", run[0].section)
            numbers[name] += 1
            kernels[body] = Kernel(f"{name}_{numbers[name]}", body)
        main.append(Launch(kernels[body].name))
        calls[run[0].section][LAUNCH] += 1
        run.clear()

    for here in code:
        if isinstance(here.statement, Call):
            close()
            main.append(here.statement)
            calls[here.section][FUNCTIONS[here.statement.name].overhead] += 1
            continue
        if split and here.starts_kernel:
            close()
        run.append(here)
    close()
    return Outlined(Program(tuple(kernels.values()), tuple(_repeated(main))), calls)


def _repeated(main: Sequence[ProgramStatement]) -> list[ProgramStatement]:
    """The same script with runs of one statement as a loop."""
    result: list[ProgramStatement] = []
    for statement in main:
        last = result[-1] if result else None
        if isinstance(last, Repeat) and last.body == (statement,):
            result[-1] = replace(last, times=last.times + 1)
        elif last == statement:
            result[-1] = Repeat(2, (statement,))
        else:
            result.append(statement)
    return result

"""Straight code with registers becomes kernels in the store and a script that launches them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from larq_focal.focal_plane.compiler.backend.accesses import Access
from larq_focal.focal_plane.compiler.backend.launches import Step, fewer_launches, words_of
from larq_focal.focal_plane.compiler.backend.stages import stages
from larq_focal.focal_plane.compiler.backend.virtual import Plane, Statement
from larq_focal.focal_plane.machine.controller import FUNCTIONS
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionSet
from larq_focal.focal_plane.machine.pixel_array import INPUT
from larq_focal.focal_plane.machine.program import Call, Fill, Kernel, Launch, Program, Repeat
from larq_focal.focal_plane.machine.program import Statement as ProgramStatement
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.sensor.keys import FILL, LAUNCH
from larq_focal.verdicts.verdict import Verdict


@dataclass(frozen=True)
class Placed:
    """A statement with registers."""

    statement: Instruction | Call
    section: str
    starts_kernel: bool


class StoreError(ValueError):
    """The kernels do not fit in the store of the array; ``words`` is what they take.

    Where kernels may be swapped it is a single instruction that is too long, of that many words.
    """

    verdict = Verdict.NO_FIT

    def __init__(self, words: int, sensor: Sensor, swaps_kernels: bool = False):
        what = "an instruction takes" if swaps_kernels else "the kernels take"
        super().__init__(
            f"{what} {words} instruction words, and the store of {sensor.name} holds {sensor.code_store_icw}"
        )
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


def program(code: Sequence[Placed], instruction_set: InstructionSet, swaps_kernels: bool = False) -> Outlined:
    """Kernels of which no two are alike, split as little as the store allows.

    Args:
        code: of one frame.
        instruction_set: of the sensor.
        swaps_kernels: whether the script may fill the store within the frame, where it cannot hold all kernels.

    Raises:
        StoreError: however the code is split, its kernels take more words than the store holds; where they may be
            swapped, a single instruction does.
    """
    limit = instruction_set.sensor.code_store_icw
    for split in (False, True):
        steps = _steps(code, split)
        words = sum(words_of(body, instruction_set) for body in {step.body for step in steps if step.body})
        if limit is None or words <= limit:
            return _outlined([fewer_launches(steps, instruction_set, limit) if split else steps])
    if not swaps_kernels:
        raise StoreError(words, instruction_set.sensor)
    longest = max(words_of((instruction,), instruction_set) for step in steps for instruction in step.body)
    if longest > limit:
        raise StoreError(longest, instruction_set.sensor, swaps_kernels)
    return _outlined([fewer_launches(stage, instruction_set, limit) for stage in stages(steps, instruction_set, limit)])


def icw_by_section(code: Sequence[Placed], instruction_set: InstructionSet) -> dict[str, Counter[str]]:
    """Instruction words of one frame by section and clock class."""
    result: dict[str, Counter[str]] = {}
    for here in code:
        count = result.setdefault(here.section, Counter())
        if isinstance(here.statement, Instruction):
            count.update(word.form.clock for word in instruction_set.words(here.statement))
    return result


def _steps(code: Sequence[Placed], split: bool) -> list[Step]:
    """The frame as launches and calls; kernels end at calls, and where they may ``split`` wherever they can."""
    steps: list[Step] = []
    run: list[Placed] = []

    def close() -> None:
        if run:
            steps.append(Step(run[0].section, tuple(here.statement for here in run)))
            run.clear()

    for here in code:
        if isinstance(here.statement, Call):
            close()
            steps.append(Step(here.section, call=here.statement))
            continue
        if split and here.starts_kernel:
            close()
        run.append(here)
    close()
    return steps


def _outlined(frame: Sequence[Sequence[Step]]) -> Outlined:
    """The program of a frame; where it has several stages, each begins with a fill of the store."""
    kernels: dict[tuple[Instruction, ...], Kernel] = {}
    numbers: Counter[str] = Counter()
    main: list[ProgramStatement] = []
    calls: dict[str, Counter[str]] = defaultdict(Counter)
    for stage in frame:
        script: list[ProgramStatement] = []
        for step in stage:
            if step.call is not None:
                script.append(step.call)
                calls[step.section][FUNCTIONS[step.call.name].overhead] += 1
                continue
            if step.body not in kernels:
                name = re.sub(r"\W+", "_", step.section)
                numbers[name] += 1
                kernels[step.body] = Kernel(f"{name}_{numbers[name]}", step.body)
            script.append(Launch(kernels[step.body].name))
            calls[step.section][LAUNCH] += 1
        if len(frame) > 1:
            launched = dict.fromkeys(each.kernel for each in script if isinstance(each, Launch))
            main.append(Fill(tuple(launched)))
            calls[stage[0].section][FILL] += 1
        main += _repeated(script)
    return Outlined(Program(tuple(kernels.values()), tuple(main)), calls)


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

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
        steps = _steps(code, split)
        words = sum(_words(body, instruction_set) for body in {step.body for step in steps if step.body})
        if limit is None or words <= limit:
            return _outlined(_fewer_launches(steps, instruction_set, limit) if split else steps)
    raise StoreError(words, limit, instruction_set.sensor)


def icw_by_section(code: Sequence[Placed], instruction_set: InstructionSet) -> dict[str, Counter[str]]:
    """Instruction words of one frame by section and clock class."""
    result: dict[str, Counter[str]] = {}
    for here in code:
        count = result.setdefault(here.section, Counter())
        if isinstance(here.statement, Instruction):
            count.update(word.form.clock for word in instruction_set.words(here.statement))
    return result


@dataclass(frozen=True)
class _Step:
    """A launch of a kernel with the instructions ``body``, or a call of the controller."""

    section: str
    body: tuple[Instruction, ...] = ()
    call: Call | None = None


def _steps(code: Sequence[Placed], split: bool) -> list[_Step]:
    """The frame as launches and calls; kernels end at calls, and where they may ``split`` wherever they can."""
    steps: list[_Step] = []
    run: list[Placed] = []

    def close() -> None:
        if run:
            steps.append(_Step(run[0].section, tuple(here.statement for here in run)))
            run.clear()

    for here in code:
        if isinstance(here.statement, Call):
            close()
            steps.append(_Step(here.section, call=here.statement))
            continue
        if split and here.starts_kernel:
            close()
        run.append(here)
    close()
    return steps


def _words(body: tuple[Instruction, ...], instruction_set: InstructionSet) -> int:
    return sum(len(instruction_set.words(instruction)) for instruction in body)


def _fewer_launches(steps: list[_Step], instruction_set: InstructionSet, limit: int) -> list[_Step]:
    """Joins kernels that are launched one after the other, as far as the store has room for the longer ones.

    The pair comes first that saves the most launches for each word of the store; many cost none, for one of them is
    launched nowhere else. The scheme is that of P. Gage, "A new algorithm for data compression", C Users Journal 12
    (1994), with a bound on the dictionary.
    """
    numbers: dict[tuple[Instruction, ...], int] = {}
    launched = [numbers.setdefault(step.body, len(numbers)) if step.body else None for step in steps]
    bodies = list(numbers)
    words = [_words(body, instruction_set) for body in bodies]
    kept = list(steps)
    free = limit - sum(words)
    while (best := _best_pair(launched, words, free)) is not None:
        (first, second), cost = best
        free -= cost
        joined = bodies[first] + bodies[second]
        if joined not in numbers:
            numbers[joined] = len(bodies)
            bodies.append(joined)
            words.append(words[first] + words[second])
        launched, kept = _joined(launched, kept, (first, second), numbers[joined])
    return [
        _Step(step.section, () if n is None else bodies[n], step.call) for n, step in zip(launched, kept, strict=True)
    ]


def _best_pair(launched: list[int | None], words: list[int], free: int) -> tuple[tuple[int, int], int] | None:
    """The kernels, launched one after the other, whose joining saves most, and the words that it takes."""
    launches: Counter[int | None] = Counter(launched)
    pairs: Counter[tuple[int, int]] = Counter()
    before = None  # the last launch, if it can still be the first of a pair
    for number in launched:
        if before is not None and number is not None:
            pairs[before, number] += 1
            before = None if before == number else number
        else:
            before = number
    best, best_rank = None, (0.0, 0)
    for (first, second), count in pairs.items():
        if first == second:
            cost = 2 * words[first] - (words[first] if launches[first] == 2 * count else 0)
        else:
            cost = sum(words[number] for number in (first, second) if launches[number] > count)
        rank = count / max(cost, 0.5), count
        if cost <= free and rank > best_rank:
            best, best_rank = ((first, second), cost), rank
    return best


def _joined(
    launched: list[int | None], steps: list[_Step], pair: tuple[int, int], joined: int
) -> tuple[list[int | None], list[_Step]]:
    """The launches and steps with every launch of a ``pair`` of kernels as one of the kernel ``joined``."""
    numbers: list[int | None] = []
    kept: list[_Step] = []
    index = 0
    while index < len(launched):
        is_pair = tuple(launched[index : index + 2]) == pair
        numbers.append(joined if is_pair else launched[index])
        kept.append(steps[index])
        index += 2 if is_pair else 1
    return numbers, kept


def _outlined(steps: Sequence[_Step]) -> Outlined:
    kernels: dict[tuple[Instruction, ...], Kernel] = {}
    numbers: Counter[str] = Counter()
    main: list[ProgramStatement] = []
    calls: dict[str, Counter[str]] = defaultdict(Counter)
    for step in steps:
        if step.call is not None:
            main.append(step.call)
            calls[step.section][FUNCTIONS[step.call.name].overhead] += 1
            continue
        if step.body not in kernels:
            name = re.sub(r"\W+", "_", step.section)
            numbers[name] += 1
            kernels[step.body] = Kernel(f"{name}_{numbers[name]}", step.body)
        main.append(Launch(kernels[step.body].name))
        calls[step.section][LAUNCH] += 1
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

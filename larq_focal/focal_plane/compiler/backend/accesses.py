"""Which planes and registers a statement reads and writes, read off the words of the instruction set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from larq_focal.focal_plane.compiler.backend.virtual import Operand, Plane, Statement
from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.focal_plane.machine.controller import FUNCTIONS
from larq_focal.focal_plane.machine.forms import ANALOG
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionSet
from larq_focal.focal_plane.sensor import Sensor

_STAND_INS = tuple(f"plane{i}" for i in range(8))  # registers that stand in for planes; no instruction has more
_NUMBER = {name: number for number, name in enumerate(_STAND_INS)}
_COPIES = ("MOV", "OR")  # what WHERE can do with FLAG as the result, from up to three sources
_MOST_COPIED = 3


class Access(NamedTuple):
    """``reads`` and ``writes`` hold planes and named registers.

    ``updates`` are planes whose old value still matters when they are written; ``is_analog`` where an analog register
    is written, which FLAG masks; ``copies``: the written plane may lie in FLAG, as WHERE does the same there;
    ``overwrites`` are those among ``writes`` that a call of the controller changes beside its targets.
    """

    reads: tuple[Plane | str, ...]
    writes: tuple[Plane | str, ...]
    is_analog: bool
    copies: bool
    overwrites: tuple[str, ...] = ()


class Accesses:
    """Looks statements up for one sensor, in a copy of it that has stand-ins for planes."""

    def __init__(self, sensor: Sensor):
        digital = sensor.digital
        stood_in = replace(digital, free=digital.free + _STAND_INS)
        self._set = InstructionSet(replace(sensor, digital=stood_in))
        self._duties = dict(zip(DIRECTIONS, digital.direction, strict=False))
        self._duties |= dict(zip(("mask", "propagation"), digital.mask + digital.propagation, strict=False))
        self._flag = digital.flag
        self._overwritten = sensor.conventions.overwritten
        self._known: dict[tuple, tuple] = {}
        self._found: dict[Statement, Access] = {}

    def of(self, statement: Statement) -> Access:
        """What ``statement`` reads and writes.

        Raises:
            InstructionError: the sensor has no such instruction.
        """
        if statement not in self._found:
            self._found[statement] = self._of_call(statement) if statement.is_call else self._of_instruction(statement)
        return self._found[statement]

    def words(self, statement: Statement) -> int:
        """Instruction words of ``statement``; a call of the controller has none."""
        return 0 if statement.is_call else len(self._set.words(_stood_in(statement)))

    def _of_instruction(self, statement: Statement) -> Access:
        planes: list[Plane] = []
        names = []
        for operand in statement.operands:  # a large program has a million: no call for each
            if isinstance(operand, str):
                names.append(operand)
            else:
                if operand not in planes:
                    planes.append(operand)
                names.append(_STAND_INS[planes.index(operand)])
        pattern = statement.name, *names
        known = self._known.get(pattern)
        if known is None:
            known = self._known[pattern] = self._of_words(Instruction(statement.name, tuple(names)))
        reads, writes, is_analog, copies = known
        return Access(
            tuple([planes[name] if isinstance(name, int) else name for name in reads]),
            tuple([planes[name] if isinstance(name, int) else name for name in writes]),
            is_analog,
            copies,
        )

    def _of_words(self, instruction: Instruction) -> tuple:
        reads: dict[str, None] = {}
        writes: dict[str, None] = {}
        is_analog = False
        for word in self._set.words(instruction):
            implied = tuple(self._duties[duty] for duty in word.form.also_reads)
            reads |= dict.fromkeys(name for name in word.sources + implied if name not in writes)
            writes |= dict.fromkeys(word.targets)
            is_analog |= word.form.clock == ANALOG and not set(word.targets) <= set(self._flag)
        copies = instruction.mnemonic in _COPIES and len(set(reads)) <= _MOST_COPIED and not set(reads) & set(writes)
        return _numbered(reads), _numbered(writes), is_analog, copies

    def _of_call(self, statement: Statement) -> Access:
        """A call may write to registers beside its target."""
        reads, writes, more = _of_function(statement.name)
        operands = statement.operands
        targets = tuple([operands[n] for n in writes]) + more
        overwritten = self._overwritten.get(FUNCTIONS[statement.name].overhead, ())
        overwrites = tuple(name for name in overwritten if name not in targets)
        return Access(tuple([operands[n] for n in reads]), targets + overwrites, False, False, overwrites)


def _stand_in(operand: Operand, planes: list[Plane]) -> str:
    """The register that stands in for an operand, which joins ``planes`` if it is one."""
    if isinstance(operand, str):
        return operand
    if operand not in planes:
        planes.append(operand)
    return _STAND_INS[planes.index(operand)]


def _stood_in(statement: Statement) -> Instruction:
    planes: list[Plane] = []
    return Instruction(statement.name, tuple(_stand_in(operand, planes) for operand in statement.operands))


def _numbered(names: Iterable[str]) -> tuple[int | str, ...]:
    """Registers by name, and planes by the numbers of their stand-ins."""
    return tuple(_NUMBER.get(name, name) for name in names)


@cache
def _of_function(name: str) -> tuple[tuple[int, ...], tuple[int, ...], tuple[str, ...]]:
    """The operands that a call of the controller reads and writes, and the registers that it writes besides."""
    function = FUNCTIONS[name]
    reads = tuple(n for n, kind in enumerate(function.operands) if kind in ("S", "V"))
    writes = tuple(n for n, kind in enumerate(function.operands) if kind in ("D", "A"))
    return reads, writes, tuple(function.writes)

"""When each register of a program holds a value that is read later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from larq_focal.focal_plane.machine import effects
from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.focal_plane.machine.controller import FUNCTIONS
from larq_focal.focal_plane.machine.instruction_set import InstructionSet, Word
from larq_focal.focal_plane.machine.pixel_array import NEIGHBOUR_PORTS
from larq_focal.focal_plane.machine.program import Call, Fill, Program
from larq_focal.focal_plane.sensor import Sensor

MOST_PARTS = 400  # of a program in JSON; a plot shows no more


@dataclass(frozen=True)
class RegisterLife:
    """One register; ``ranges`` run from the step that writes a value to the last one that reads it."""

    register: str
    kind: Literal["digital", "analog"]
    ranges: tuple[tuple[int, int], ...]

    def spans(self, gap: int = 0) -> list[tuple[int, int]]:
        """The ranges with those in one that meet in a step, or lie at most ``gap`` steps apart."""
        spans: list[tuple[int, int]] = []
        for start, end in self.ranges:
            if spans and start <= spans[-1][1] + gap:
                spans[-1] = spans[-1][0], max(end, spans[-1][1])
            else:
                spans.append((start, end))
        return spans


@dataclass(frozen=True)
class LiveRanges:
    """All registers that a program uses, over its ``steps``: the instructions and calls of one frame."""

    steps: int
    lives: tuple[RegisterLife, ...]

    def peak(self, kind: str) -> int:
        """Most registers of that kind that hold a value at once."""
        return max(self.counts(kind), default=0)

    def counts(self, kind: str) -> list[int]:
        """Registers that hold a value, by step."""
        changes = [0] * (self.steps + 1)
        for life in self.lives:
            for start, end in life.spans() if life.kind == kind else ():
                changes[start] += 1
                changes[end + 1] -= 1
        live, counts = 0, []
        for change in changes[: self.steps]:
            live += change
            counts.append(live)
        return counts

    def to_dict(self) -> dict[str, Any]:
        """JSON values, in at most ``MOST_PARTS`` parts of as many steps each.

        Ranges that lie closer than a part is long are joined; ``counts`` are the most registers that hold a value in
        each part.
        """
        length = max(1, -(-self.steps // MOST_PARTS))
        counts = {kind: self.counts(kind) for kind in ("digital", "analog")}
        return {
            "steps": self.steps,
            "steps_per_part": length,
            "peak_digital": self.peak("digital"),
            "peak_analog": self.peak("analog"),
            "counts": {
                kind: [max(live[start : start + length]) for start in range(0, self.steps, length)]
                for kind, live in counts.items()
            },
            "registers": [
                {
                    "register": life.register,
                    "kind": life.kind,
                    "ranges": [list(span) for span in (life.spans(length) if length > 1 else life.ranges)],
                }
                for life in self.lives
            ],
        }


@dataclass(frozen=True)
class _Access:
    """What a word or call does; ``updates`` are registers of which part keeps its old value."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    updates: tuple[str, ...] = ()


@dataclass
class _Open:
    """A value that may still be read."""

    start: int
    last_read: int | None = None


@dataclass
class _Lives:
    carried: set[str] = field(default_factory=set)
    open: dict[str, _Open] = field(default_factory=dict)
    closed: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def read(self, name: str, step: int) -> None:
        if name not in self.open:  # it holds what the frame before left there
            self.carried.add(name)
            self.open[name] = _Open(0)
        self.open[name].last_read = step

    def write(self, name: str, step: int) -> None:
        self.close(name)
        self.open[name] = _Open(step)

    def close(self, name: str) -> None:
        if name in self.open:
            value = self.open.pop(name)
            end = value.start if value.last_read is None else value.last_read
            self.closed.setdefault(name, []).append((value.start, end))


def live_ranges(program: Program, instruction_set: InstructionSet, sensor: Sensor) -> LiveRanges:
    """Follows the registers through one frame of ``program``.

    A value that is read before the frame writes it comes from the frame before, and lives to the end for the next.
    Analog writes under FLAG, and writes to the propagation register under a mask that is not set, keep part of the
    old value, and so do not end its life.

    Raises:
        InstructionError: the sensor does not have an instruction of the program.
    """
    lives, step = _Lives(), -1
    for step, accesses in enumerate(_accesses(program, instruction_set, sensor)):
        for access in accesses:
            for name in (*access.reads, *access.updates):
                lives.read(name, step)
            for name in access.writes:
                lives.write(name, step)
    for name in list(lives.open):
        if name in lives.carried:
            lives.open[name].last_read = step
        lives.close(name)
    order = (*sensor.digital.all, *sensor.analog.storage, *sensor.analog.port)
    kinds = dict.fromkeys(sensor.digital.all, "digital")
    found = (RegisterLife(name, kinds.get(name, "analog"), tuple(lives.closed.get(name, ()))) for name in order)
    return LiveRanges(step + 1, tuple(life for life in found if life.ranges))


def _accesses(program: Program, instruction_set: InstructionSet, sensor: Sensor) -> Iterator[list[_Access]]:
    """The accesses of each step, one for every word of an instruction."""
    reader = _Reader(sensor)
    kernels = {
        kernel.name: [instruction_set.words(instruction) for instruction in kernel.instructions]
        for kernel in program.kernels
    }
    for statement in program.steps():
        if isinstance(statement, Call):
            yield [reader.of_call(statement)]
        elif isinstance(statement, Fill):
            yield []
        else:
            yield from ([reader.of_word(word) for word in words] for words in kernels[statement.kernel])


class _Reader:
    """Reads words one after another, and remembers whether FLAG and the mask are at one."""

    def __init__(self, sensor: Sensor):
        digital, analog = sensor.digital, sensor.analog
        self._duties = dict(zip(DIRECTIONS, digital.direction, strict=False))
        self._duties |= dict(zip(("mask", "propagation"), digital.mask + digital.propagation, strict=False))
        self._flag, self._mask, self._propagation = digital.flag, digital.mask, digital.propagation
        self._analog, self._port = analog.storage + analog.port, analog.port
        self._flag_is_one = self._mask_is_one = True

    def of_call(self, call: Call) -> _Access:
        kinds = list(zip(call.operands, FUNCTIONS[call.name].operands, strict=True))
        writes = tuple(operand for operand, kind in kinds if kind in ("D", "A"))
        self._follow(writes, sets_ones=False)
        return self._access(tuple(operand for operand, kind in kinds if kind in ("S", "V")), writes, set())

    def of_word(self, word: Word) -> _Access:
        implied = (self._duties[duty] for duty in word.form.also_reads if duty in self._duties)
        reads = tuple(dict.fromkeys(map(self._cell, (*word.sources, *implied))))
        writes = tuple(map(self._cell, word.targets))
        access = self._access(reads, writes, set() if self._flag_is_one else set(self._analog))
        self._follow(writes, sets_ones=word.form.effect is effects.set_ones)
        return access

    def _access(self, reads: tuple[str, ...], writes: tuple[str, ...], partly: set[str]) -> _Access:
        """``partly`` are the registers that FLAG masks now."""
        flag = self._flag if partly & set(writes) else ()
        masked = partly if self._mask_is_one else partly | set(self._propagation)
        return _Access(
            reads=reads + flag,
            writes=tuple(name for name in writes if name not in masked),
            updates=tuple(name for name in writes if name in masked),
        )

    def _follow(self, writes: tuple[str, ...], sets_ones: bool) -> None:
        if set(writes) & set(self._flag):
            self._flag_is_one = sets_ones
        if set(writes) & set(self._mask):
            self._mask_is_one = sets_ones

    def _cell(self, name: str) -> str:
        return self._port[0] if name in NEIGHBOUR_PORTS else name

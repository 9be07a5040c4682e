"""Programs before their registers are known: instructions on named planes, and calls of the controller between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from larq_focal.focal_plane.machine.instruction_set import Instruction
from larq_focal.focal_plane.machine.program import Call
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.time_limit import NO_LIMIT, TimeLimit

_BETWEEN_CHECKS = 64  # statements; loading one of many weights takes up to a millisecond


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """A bit per pixel that has no register yet. Its value may change; the register stays the same throughout."""

    name: str

    def __repr__(self) -> str:
        return f"<{self.name}>"


Operand = Plane | str


@dataclass(frozen=True, eq=False, slots=True)
class Statement:
    """An instruction, or a call of the controller where ``is_call``; operands are planes or what a program writes.

    ``section`` is the step of the network that it belongs to. A kernel may end before a statement that
    ``starts_kernel``, so that code which comes again is kept in the store once. ``keeps`` are registers that must still
    hold what they did, as far as the statement itself does not change them.
    """

    name: str
    operands: tuple[Operand, ...]
    section: str
    is_call: bool = False
    result: str | None = None
    starts_kernel: bool = False
    keeps: tuple[str, ...] = ()

    def placed(self, registers: dict[Plane, str]) -> Instruction | Call:
        """The statement with registers for its planes."""
        operands = tuple(registers[o] if isinstance(o, Plane) else o for o in self.operands)
        return Call(self.name, operands, self.result) if self.is_call else Instruction(self.name, operands)


class Code:
    """A straight program that grows by the calls of its methods.

    Registers may be named where their duty matters (``"R1"``, ``"A"``, ``"FLAG"``); all else are planes, which
    ``build`` places. What a named register holds is kept from where it is written to where it is last read; a register
    that must keep its value from frame to frame is ``reserved``. Where an instruction writes the propagation
    register the mask is at one, unless the program writes the mask by name.

    Args:
        sensor: where the program will run.
        reserved: digital registers that planes must not take.
        limit: asked now and then while the program grows and is built.

    Attributes:
        is_frugal: where there is a choice, fewer registers come before fewer words: long shifts go to and fro with
            FLAG, and windows, weights and copies are made again instead of being held.
        shifts_behind: how many shifts in a row gave a plane.
        has_light: whether the light has been read, which resets the pixels.
    """

    def __init__(self, sensor: Sensor, reserved: tuple[str, ...] = (), limit: TimeLimit = NO_LIMIT):
        self.sensor = sensor
        self.reserved = reserved
        self.limit = limit
        self.statements: list[Statement] = []
        self.is_frugal = False
        self.has_light = False
        self.shifts_behind: dict[Operand, int] = {}
        self._section = "main"
        self._starts_kernel = False
        self._keeps: tuple[str, ...] = ()

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """What is emitted inside belongs to the step ``name``."""
        before, self._section = self._section, name
        yield
        self._section = before

    @contextmanager
    def keeping(self, *registers: str) -> Iterator[None]:
        """No plane is placed in ``registers``, and the mask register is left as it is if it is one of them."""
        before, self._keeps = self._keeps, registers
        yield
        self._keeps = before

    def split(self) -> None:
        """Lets a kernel end here; code that repeats from here on is then stored once."""
        self._starts_kernel = True

    def emit(self, mnemonic: str, *operands: Operand) -> None:
        """Adds an instruction, its operands in the order of the assembly text."""
        self._append(Statement(mnemonic, operands, self._section, False, None, self._starts_kernel, self._keeps))

    def call(self, name: str, *operands: Operand | int, result: str | None = None) -> None:
        """Adds a call of the controller."""
        words = tuple(str(o) if isinstance(o, int) else o for o in operands)
        self._append(Statement(name, words, self._section, True, result, keeps=self._keeps))

    def _append(self, statement: Statement) -> None:
        self.statements.append(statement)
        self._starts_kernel = False
        if len(self.statements) % _BETWEEN_CHECKS == 0:
            self.limit.check()

    def nor(self, *sources: Operand, into: Plane | None = None) -> Plane:
        """NOT of the OR of one to four planes, in a new plane or in ``into``, which must not be a source."""
        return self._gate("NOR" if len(sources) > 1 else "NOT", sources, into)

    def either(self, *sources: Operand, into: Plane | None = None) -> Plane:
        """OR of one to four planes."""
        return self._gate("OR" if len(sources) > 1 else "MOV", sources, into)

    def both(self, x: Operand, y: Operand, into: Plane | None = None) -> Plane:
        """AND of two planes, in three words and one more plane than the result."""
        return self.nor(self.nor(x), self.nor(y), into=into)

    def _gate(self, mnemonic: str, sources: tuple[Operand, ...], into: Plane | None) -> Plane:
        result = into or Plane(mnemonic.lower())
        self.emit(mnemonic, result, *sources)
        return result

    def loaded(self, function: str, *operands: str | int) -> Plane:
        """A plane that the controller loads by ``function``, for example ``load_rect``."""
        plane = Plane(function)
        self.call(function, plane, *operands)
        return plane

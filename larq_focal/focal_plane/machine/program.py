"""Programs: kernels in the instruction store of the array, and the controller's script that launches them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionSet


class ProgramError(ValueError):
    """A program that cannot run; the message names the line or kernel, the fault and the fix."""


@dataclass(frozen=True)
class Kernel:
    """A straight run of instructions."""

    name: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True)
class Launch:
    """Runs a kernel once."""

    kernel: str


@dataclass(frozen=True)
class Call:
    """A function of the controller, such as ``load_pattern``; what it returns is kept under ``result``."""

    name: str
    operands: tuple[str, ...] = ()
    result: str | None = None


@dataclass(frozen=True)
class Repeat:
    """Runs ``body`` ``times`` times."""

    times: int
    body: tuple[Statement, ...]


Statement = Launch | Call | Repeat


@dataclass(frozen=True)
class Program:
    """``main`` is the script of the controller for one frame."""

    kernels: tuple[Kernel, ...]
    main: tuple[Statement, ...]

    def steps(self) -> Iterator[Launch | Call]:
        """Launches and calls in the order in which they run."""
        yield from _unrolled(self.main)

    def executed_icw(self, instruction_set: InstructionSet) -> int:
        """Instruction words and calls of one frame, without running it."""
        words = {
            kernel.name: sum(len(instruction_set.words(instruction)) for instruction in kernel.instructions)
            for kernel in self.kernels
        }

        def total(statements: tuple[Statement, ...]) -> int:
            return sum(
                statement.times * total(statement.body)
                if isinstance(statement, Repeat)
                else 1 + words.get(statement.kernel, 0)
                if isinstance(statement, Launch)
                else 1
                for statement in statements
            )

        return total(self.main)

    def store_icw(self, instruction_set: InstructionSet) -> int:
        """Instruction words that the kernels take in the store of the array."""
        return sum(
            len(instruction_set.words(instruction)) for kernel in self.kernels for instruction in kernel.instructions
        )


def _unrolled(statements: tuple[Statement, ...]) -> Iterator[Launch | Call]:
    for statement in statements:
        if isinstance(statement, Repeat):
            if _does_something(statement):
                for _ in range(statement.times):
                    yield from _unrolled(statement.body)
        else:
            yield statement


def _does_something(statement: Statement) -> bool:
    """Whether there is a launch or a call in it, so that empty repeats take no time."""
    return not isinstance(statement, Repeat) or (statement.times > 0 and any(map(_does_something, statement.body)))

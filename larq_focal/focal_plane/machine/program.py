"""Programs: kernels in the instruction store of the array, and the controller's script that launches them.

Kernels stay in the store, unless the script fills it: then it holds those of the last fill alone, and nothing at the
start of a frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
class Fill:
    """Replaces the content of the store by these kernels."""

    kernels: tuple[str, ...]

    def __str__(self) -> str:
        """As it is written in the text of a program."""
        return f"fill_store({', '.join(self.kernels)})"


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


Action = Launch | Call | Fill
Statement = Action | Repeat


@dataclass(frozen=True)
class Program:
    """``main`` is the script of the controller for one frame."""

    kernels: tuple[Kernel, ...]
    main: tuple[Statement, ...]

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Those that the script has, each as often as it stands there."""
        return tuple(_fills(self.main))

    def steps(self) -> Iterator[Action]:
        """Launches, calls and fills in the order in which they run."""
        yield from _unrolled(self.main)

    def executed_icw(self, instruction_set: InstructionSet) -> int:
        """Instruction words, calls and fills of one frame, without running it."""
        words = self._kernel_icw(instruction_set)
        return _total(self.main, lambda each: 1 + words.get(each.kernel, 0) if isinstance(each, Launch) else 1)

    def store_icw(self, instruction_set: InstructionSet) -> int:
        """Instruction words in the store of the array: of all kernels, or the most that one fill puts there."""
        if not self.fills:
            return sum(_icw(kernel, instruction_set) for kernel in self.kernels)
        words = self._kernel_icw(instruction_set)
        return max(_filled_icw(fill, words) for fill in self.fills)

    def swapped_icw(self, instruction_set: InstructionSet) -> int:
        """Instruction words that the fills of one frame put into the store."""
        words = self._kernel_icw(instruction_set)
        return _total(self.main, lambda each: _filled_icw(each, words) if isinstance(each, Fill) else 0)

    def _kernel_icw(self, instruction_set: InstructionSet) -> dict[str, int]:
        """The words of each kernel."""
        return {kernel.name: _icw(kernel, instruction_set) for kernel in self.kernels}


def _icw(kernel: Kernel, instruction_set: InstructionSet) -> int:
    return sum(len(instruction_set.words(instruction)) for instruction in kernel.instructions)


def _filled_icw(fill: Fill, words: Mapping[str, int]) -> int:
    return sum(words.get(name, 0) for name in fill.kernels)


def _fills(statements: tuple[Statement, ...]) -> Iterator[Fill]:
    for statement in statements:
        if isinstance(statement, Repeat):
            yield from _fills(statement.body)
        elif isinstance(statement, Fill):
            yield statement


def _total(statements: tuple[Statement, ...], count: Callable[[Action], int]) -> int:
    """The sum of ``count`` over the actions of a frame."""
    return sum(
        statement.times * _total(statement.body, count) if isinstance(statement, Repeat) else count(statement)
        for statement in statements
    )


def _unrolled(statements: tuple[Statement, ...]) -> Iterator[Action]:
    for statement in statements:
        if isinstance(statement, Repeat):
            if _does_something(statement):
                for _ in range(statement.times):
                    yield from _unrolled(statement.body)
        else:
            yield statement


def _does_something(statement: Statement) -> bool:
    """Whether a launch, a call or a fill is in it, so that empty repeats take no time."""
    return not isinstance(statement, Repeat) or (statement.times > 0 and any(map(_does_something, statement.body)))

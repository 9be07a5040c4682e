"""The text form of programs.

One statement a line; ``#`` and ``//`` start comments, a ``;`` at the end is ignored, and so are the lines that begin
and end a kernel in C++, so that kernels written with the SCAMP-5 library can be pasted, register aliases, older macros
and control words among them (``published.py``)::

    kernel count              # words in the array's store
        XORX(R6, R7, R8)
        DNEWS(R5, R9, east|north)
    end

    main                      # the controller's script for one frame
        load_in(-10)
        repeat 9
            launch(count)
        end
        score = global_sum(A)
        kept = read_plane(R5)
        load_plane(R6, kept)      # a plane that was read in this frame, or is given to the run by this name
    end

Where the kernels together are more than the store holds, ``fill_store(count, other)`` in ``main`` replaces its content
by the kernels that it names; a program that has such a line finds nothing in the store when a frame starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from larq_focal.focal_plane.machine.controller import check_call
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionError, InstructionSet
from larq_focal.focal_plane.machine.program import Call, Fill, Kernel, Launch, Program, ProgramError, Repeat, Statement
from larq_focal.focal_plane.machine.published import standard
from larq_focal.messages import short

_STATEMENT = re.compile(r"(?:(?P<result>\w+)\s*=\s*)?(?P<name>\w+)\s*\((?P<operands>[^()]*)\)")
_BRACKETS = (
    "scamp5_kernel_begin()",
    "scamp5_kernel_end()",
    "scamp5_dynamic_kernel_begin()",
    "scamp5_dynamic_kernel_end()",
)
_INDENT = "    "
_DEEPEST = 32  # repeats within each other
_MOST_TIMES = 10**12 - 1
_LONGEST = 900  # of a message; a line of the text may have any length


def assemble(text: str, instruction_set: InstructionSet) -> Program:
    """Reads a program.

    Raises:
        ProgramError: a line that is not a statement, an instruction, register or function that the sensor does not
            have, or an unknown kernel; the message starts with the number of the line.
    """
    return _Assembler(text, instruction_set).program()


def disassemble(program: Program) -> str:
    """The text of a program, such that ``assemble`` gives the program again."""
    lines: list[str] = []
    for kernel in program.kernels:
        body = [f"{_INDENT}{instruction}" for instruction in kernel.instructions]
        lines += [f"kernel {kernel.name}", *body, "end", ""]
    return "\n".join([*lines, "main", *_statement_lines(program.main, _INDENT), "end", ""])


def _statement_lines(statements: Iterable[Statement], indent: str) -> Iterable[str]:
    for statement in statements:
        if isinstance(statement, Repeat):
            yield f"{indent}repeat {statement.times}"
            yield from _statement_lines(statement.body, indent + _INDENT)
            yield f"{indent}end"
        elif isinstance(statement, Launch):
            yield f"{indent}launch({statement.kernel})"
        elif isinstance(statement, Fill):
            yield f"{indent}{statement}"
        else:
            result = f"{statement.result} = " if statement.result else ""
            yield f"{indent}{result}{statement.name}({', '.join(statement.operands)})"


class _Assembler:
    """Reads line by line; ``_number`` is the line being read."""

    def __init__(self, text: str, instruction_set: InstructionSet):
        lines = (re.split(r"#|//", line)[0].strip().rstrip(";").strip() for line in text.splitlines())
        self._lines = iter([(number, line) for number, line in enumerate(lines, 1) if line and line not in _BRACKETS])
        self._number = 0
        self._set = instruction_set
        self._registers = {name for kind in "SV" for name in instruction_set.registers[kind]}
        self._kernels: dict[str, Kernel] = {}

    def program(self) -> Program:
        main: tuple[Statement, ...] | None = None
        for line in self._until(end=None):
            if match := re.fullmatch(r"kernel\s+(\w+)", line):
                self._add_kernel(match[1])
            elif line == "main" and main is None:
                main = tuple(self._statements("main"))
            else:
                raise self._error(f"'{line}' stands outside of a kernel and of the one 'main'; put it inside.")
        if main is None:
            raise self._error("the program has no 'main'; end it with 'main', the launches, and 'end'.")
        return Program(tuple(self._kernels.values()), main)

    def _add_kernel(self, name: str) -> None:
        if name in self._kernels:
            raise self._error(f"there is a kernel '{name}' already; name this one otherwise.")
        lines = self._until(f"kernel {name}")
        self._kernels[name] = Kernel(name, tuple(each for line in lines for each in self._instructions(line)))

    def _until(self, end: str | None) -> Iterable[str]:
        """Lines up to the ``end`` of the block called so; all that are left for None."""
        start = self._number
        for number, line in self._lines:
            self._number = number
            if end and line == "end":
                return
            yield line
        if end:
            self._number = start
            raise self._error(f"'{end}' has no 'end'; close it with a line 'end'.")

    def _instructions(self, line: str) -> list[Instruction]:
        name, operands, result = self._parts(line)
        if result:
            raise self._error(f"'{line}': instructions return nothing; remove '{result} ='.")
        try:
            instructions = standard(name, operands, self._registers)
            for instruction in instructions:
                self._set.words(instruction)
        except InstructionError as error:
            raise self._error(str(error)) from None
        return instructions

    def _statements(self, block: str, depth: int = 0) -> Iterable[Statement]:
        for line in self._until(block):
            if match := re.fullmatch(r"repeat\s+(\d+)", line, re.ASCII):
                if len(match[1]) > len(str(_MOST_TIMES)):
                    raise self._error(f"a repeat of more than {_MOST_TIMES:,} times; no frame takes that long.")
                if depth == _DEEPEST:
                    raise self._error(f"more than {_DEEPEST} repeats within each other; write fewer, with kernels.")
                yield Repeat(int(match[1]), tuple(self._statements(line, depth + 1)))
                continue
            name, operands, result = self._parts(line)
            if name == "launch":
                if len(operands) != 1 or operands[0] not in self._kernels or result:
                    known = ", ".join(self._kernels) or "none"
                    raise self._error(f"'{line}': launch takes the name of one kernel above it ({known}).")
                yield Launch(operands[0])
                continue
            if name == "fill_store":
                yield self._fill(line, operands, result)
                continue
            call = Call(name, operands, result)
            try:
                check_call(call, self._set)
            except InstructionError as error:
                raise self._error(str(error)) from None
            yield call

    def _fill(self, line: str, operands: tuple[str, ...], result: str | None) -> Fill:
        if not operands or not self._kernels.keys() >= set(operands) or len(set(operands)) < len(operands) or result:
            known = ", ".join(self._kernels) or "none"
            raise self._error(f"'{line}': fill_store takes names of kernels above it ({known}), each once.")
        return Fill(operands)

    def _parts(self, line: str) -> tuple[str, tuple[str, ...], str | None]:
        match = _STATEMENT.fullmatch(line)
        if not match:
            raise self._error(f"'{line}' is not a statement; write it as name(operand, ...).")
        operands = (
            tuple(re.sub(r"\s", "", part) for part in match["operands"].split(",")) if match["operands"].strip() else ()
        )
        return match["name"], operands, match["result"]

    def _error(self, message: str) -> ProgramError:
        return ProgramError(f"Line {self._number}: {short(message, _LONGEST)}")

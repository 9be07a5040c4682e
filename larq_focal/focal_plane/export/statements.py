"""Statements of a program as calls of the SCAMP-5 library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from larq_focal.focal_plane.machine.instruction_set import Instruction
from larq_focal.focal_plane.machine.program import Call, Kernel, Launch, Program, Repeat, Statement

_FLOOD = (  # the macro that the library has as a function of the controller only
    "SET(R0)",
    "SET(R1, R2, R3, R4)",
    "MOV(R12, {0})",
    "MOV(R0, {1})",
    "PROP0()",
    "MOV({0}, R12)",
)
_LOADS = {"load_pattern", "load_rect", "load_point", "select_pattern", "select_rect", "load_in"}
READS = {"read_plane", "read_events", "global_count", "global_or"}
EXPORTED = _LOADS | READS | {"load_plane"}


def identifier(name: str) -> str:
    """``name`` as a part of an identifier of C++; the prefix of the caller keeps it from the library's own names."""
    return re.sub(r"\W", "_", name)


def kernel_lines(kernel: Kernel, ends_with_nop: bool) -> Iterator[str]:
    """A function that records the kernel at its first call and launches it at every call.

    Each kernel has one function, since every copy in the source is recorded for itself.
    """
    yield f"static void kernel_{identifier(kernel.name)}() {{"
    yield "    scamp5_kernel_begin();"
    for instruction in kernel.instructions:
        yield from (f"        {line};" for line in _instruction(instruction))
    if ends_with_nop:
        yield "        nop();"
    yield "    scamp5_kernel_end();"
    yield "}"
    yield ""


def _instruction(instruction: Instruction) -> tuple[str, ...]:
    if instruction.mnemonic == "FLOOD":
        return tuple(line.format(*instruction.operands) for line in _FLOOD)
    return (str(instruction),)


def script_lines(statements: Sequence[Statement], last_rows: dict[str, int], indent: str = "    ") -> Iterator[str]:
    """The script of the controller.

    Args:
        statements: the script.
        last_rows: the last row that is read of a plane, by the name of the result.
        indent: of its lines.
    """
    for statement in statements:
        if isinstance(statement, Repeat):
            yield f"{indent}for (int i = 0; i < {statement.times}; i++) {{"
            yield from script_lines(statement.body, last_rows, indent + "    ")
            yield f"{indent}}}"
        elif isinstance(statement, Launch):
            yield f"{indent}kernel_{identifier(statement.kernel)}();"
        else:
            yield f"{indent}{_call(statement, last_rows)};"


def _call(call: Call, last_rows: dict[str, int]) -> str:
    operands, result = call.operands, call.result and identifier(call.result)
    match call.name:
        case "load_plane":
            return f"lqf::draw({operands[0]}, plane_{identifier(operands[1])}_row, refresh)"
        case "read_plane":
            return f"lqf::scan({operands[0]}, plane_{result}, {last_rows[call.result]})"
        case "read_events":
            return f"result_{result} = lqf::count_events({operands[0]}, {operands[1]})"
        case "global_count" | "global_or":
            return f"result_{result} = scamp5_{call.name}({', '.join(operands)})"
    return f"scamp5_{call.name}({', '.join(operands)})"


def calls_of(program: Program) -> list[Call]:
    """Every call of the controller that the script has."""

    def found(statements: Sequence[Statement]) -> Iterator[Call]:
        for statement in statements:
            if isinstance(statement, Repeat):
                yield from found(statement.body)
            elif isinstance(statement, Call):
                yield statement

    return list(found(program.main))

"""What a written program takes: flash, RAM and operations, read from its text and its plan."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from larq_focal.mcu.program import Program
from larq_focal.text import counted

_TABLE = re.compile(r"^static const (\w+) (\w+)\[(\d+)\]", re.M)
_ARENA = re.compile(r"^#define \w+_ARENA_WORDS (\d+)$", re.M)
_SIZES = {
    "uint64_t": 8,
    "uint32_t": 4,
    "int32_t": 4,
    "float": 4,
    "int16_t": 2,
    "uint16_t": 2,
    "int8_t": 1,
    "uint8_t": 1,
}
KINDS = {
    "binary": "products of signs with signs",
    "ternary": "products of signs with -1, 0 or +1",
    "integer": "products of whole numbers with whole weights",
    "float": "products of floats",
    "elements": "elements of other operations",
}
"""Of operations, by their names in the figures."""


@dataclass(frozen=True)
class StepCost:
    """What a step of a program takes.

    Attributes:
        name: of its function, without ``run_``.
        says: what it does.
        table_bytes: constants in flash.
        ram_bytes: of the arena that are in use while it runs.
        holds: what these are, in bytes: values, and scratch memory.
        operations: by kind, see ``KINDS``.
        has_floats: whether it computes with floats.
    """

    name: str
    says: str
    table_bytes: int
    ram_bytes: int
    holds: dict[str, int]
    operations: dict[str, int]
    has_floats: bool


@dataclass(frozen=True)
class ProgramCost:
    """What a program takes.

    Attributes:
        table_bytes: constants in flash; the code comes on top.
        ram_bytes: the context of a run; inputs and outputs are the caller's, and the stack comes on top.
        input_bytes, output_bytes: those of the caller.
        steps: in their order.
    """

    table_bytes: int
    ram_bytes: int
    input_bytes: int
    output_bytes: int
    steps: tuple[StepCost, ...]

    @property
    def operations(self) -> dict[str, int]:
        """By kind, of all steps."""
        return {kind: sum(step.operations.get(kind, 0) for step in self.steps) for kind in KINDS}

    @property
    def float_steps(self) -> tuple[str, ...]:
        """Names of the steps that compute with floats."""
        return tuple(step.name for step in self.steps if step.has_floats)

    def to_dict(self) -> dict[str, Any]:
        return {
            "table_bytes": self.table_bytes,
            "ram_bytes": self.ram_bytes,
            "input_bytes": self.input_bytes,
            "output_bytes": self.output_bytes,
            "operations": self.operations,
            "steps": [vars(step) for step in self.steps],
        }


def table_bytes(source: str) -> dict[str, int]:
    """The bytes of each table of a written network.c, by its name."""
    return {name: _SIZES[c_type] * int(count) for c_type, name, count in _TABLE.findall(source)}


def arena_bytes(header: str) -> int:
    """The bytes of the context of a written network.h."""
    return 4 * int(_ARENA.findall(header)[0])


def program_cost(program: Program, source: str, header: str) -> ProgramCost:
    """What a program takes, from network.c, network.h and the plan of its memory."""
    tables = table_bytes(source)
    steps = []
    for number, function in enumerate(program.functions):
        alive = {b.name: 4 * b.words for b in program.buffers if b.first <= number <= b.last}
        spans = [(4 * program.plan.places[name], size) for name, size in alive.items()]
        has_floats = "float" in function.body.text() or any(
            v.storage == "f32" for v in (*function.sources, function.target)
        )
        own = sum(tables[table.name] for table in function.tables)
        steps.append(
            StepCost(function.name, function.says, own, _covered(spans), alive, dict(function.operations), has_floats)
        )
    sizes = [sum(port.bytes for port in ports) for ports in (program.inputs, program.outputs)]
    return ProgramCost(sum(tables.values()), arena_bytes(header), *sizes, tuple(steps))


def _covered(spans: list[tuple[int, int]]) -> int:
    """The bytes that spans (begin, size) cover, of which some lie over each other."""
    covered = end = 0
    for begin, size in sorted(spans):
        covered += max(begin + size - max(begin, end), 0)
        end = max(end, begin + size)
    return covered


def over_the_limit(cost: ProgramCost, max_ram_bytes: int) -> str | None:
    """What takes more RAM than a limit allows, layer by layer; None where nothing does."""
    if cost.ram_bytes <= max_ram_bytes:
        return None
    lines = [
        f"The network works in {counted(cost.ram_bytes, 'byte')}, and the limit is {counted(max_ram_bytes, 'byte')}. "
        "Make the values of these steps smaller (fewer channels, larger strides, pooling before wide layers):"
    ]
    most = max(step.ram_bytes for step in cost.steps)
    for step in cost.steps:
        if step.ram_bytes > min(max_ram_bytes, most - 1):
            held = ", ".join(f"{size:,} for '{name}'" for name, size in sorted(step.holds.items(), key=lambda x: -x[1]))
            lines.append(f"  '{step.name}' uses {step.ram_bytes:,} bytes: {held}")
    return "\n".join(lines)

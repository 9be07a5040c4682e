"""README.md and main.c of a written program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from larq_focal.mcu.audit import CAudit
from larq_focal.mcu.code_size import CodeSize
from larq_focal.mcu.cost import KINDS, ProgramCost
from larq_focal.mcu.emit.text import Table, comment
from larq_focal.mcu.program import Program
from larq_focal.text import counted, shape_text
from larq_focal.version import __version__


def readme_text(
    program: Program, cost: ProgramCost, code: CodeSize, audit: CAudit, name: str, notes: Sequence[str]
) -> str:
    """What a program is, how it is used, and what it takes."""
    ports = [
        f"| `{port.name}` | {kind} | {shape_text(port.value.shape)} | `{port.c_type}` | {port.bytes:,} |"
        for kind, each in (("input", program.inputs), ("output", program.outputs))
        for port in each
    ]
    kinds = {kind: count for kind, count in cost.operations.items() if count}
    operations = [f"| {KINDS[kind]} | {count:,} |" for kind, count in kinds.items()]
    steps = [_step_row(step, kinds) for step in cost.steps]
    floats = (
        "All is computed in integers."
        if not cost.float_steps
        else f"Floats are computed with in {', '.join(f'`{step}`' for step in cost.float_steps)}; all else is integers."
    )
    return "\n".join(
        [
            f"# {program.graph.name} in C",
            "",
            f"Written by larq_focal {__version__} for the target `{program.pieces.target}`: C99 without memory "
            "allocation, without other libraries, without recursion. Compile `network.c` with your project and include "
            "`network.h`; `main.c` shows the call, and runs one embedded sample.",
            "",
            *_usage(program, name),
            "",
            "| parameter | | shape | type | bytes |",
            "| --- | --- | --- | --- | ---: |",
            *ports,
            "",
            *(f"- {note}" for note in (*notes, f"Checked: {audit}.", floats)),
            "",
            "## What it takes",
            "",
            "| | bytes |",
            "| --- | ---: |",
            f"| flash: tables of weights and thresholds | {cost.table_bytes:,} |",
            f"| flash: code, {code.says} | {'' if code.bytes is None else f'{code.bytes:,}'} |",
            f"| RAM: `{name}_context` | {cost.ram_bytes:,} |",
            f"| RAM of the caller: inputs | {0 if program.input_in_arena else cost.input_bytes:,} |",
            f"| RAM of the caller: outputs | {cost.output_bytes:,} |",
            "",
            "| operations of a run | count |",
            "| --- | ---: |",
            *operations,
            "",
            f"| step | tables, bytes | RAM in use, bytes | {' | '.join(kinds)} |",
            f"| --- | ---: | ---: |{' ---: |' * len(kinds)}",
            *steps,
            "",
            "## Options of the compiler",
            "",
            f"- `-D{name.upper()}_WEIGHTS='__attribute__((section(\".name\")))'` places the tables, and "
            f"`{name.upper()}_CODE` the functions.",
            "- Equality to the bit of float results needs `-ffp-contract=off`, which `-std=c99` contains.",
            "",
        ]
    )


def _step_row(step, kinds: Mapping[str, int]) -> str:
    counts = " | ".join(f"{step.operations.get(kind, 0):,}" for kind in kinds)
    return f"| {step.says.replace('|', '/')} | {step.table_bytes:,} | {step.ram_bytes:,} | {counts} |"


def _usage(program: Program, name: str) -> list[str]:
    lines = ["```c", f"static {name}_context context;"]
    lines += [f"static {port.c_type} {port.name}[{port.value.elements}];" for port in program.outputs]
    arguments = ["&context", *(port.name for port in program.outputs)]
    if program.input_in_arena:
        for port in program.inputs:
            size = counted(port.bytes, "byte")
            lines.append(f"{port.c_type} *{port.name} = {name}_{port.name}(&context); /* write {size} there */")
    else:
        arguments[1:1] = [port.name for port in program.inputs]
    return [*lines, f"{name}_run({', '.join(arguments)});", "```"]


def main_text(program: Program, name: str, sample: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]) -> str:
    """main.c: runs one embedded sample and compares the outputs with what the interpreter makes of it.

    Args:
        program: what was written.
        name: of the network in C.
        sample: each input, without a batch axis.
        outputs: each output for it.
    """
    upper = name.upper()
    tables = [
        Table(
            f"sample_{port.name}",
            port.c_type,
            np.asarray(sample[port.value.name], port.dtype),
            f"A sample: {port.name}.",
        )
        for port in program.inputs
    ] + [
        Table(f"expected_{port.name}", port.c_type, np.asarray(outputs[port.value.name], port.dtype), "What comes out.")
        for port in program.outputs
    ]
    arguments = ["&context", *(port.name for port in program.outputs)]
    copies = []
    if program.input_in_arena:
        for port in program.inputs:
            copies.append(f"    memcpy({name}_{port.name}(&context), sample_{port.name}, sizeof sample_{port.name});")
    else:
        arguments[1:1] = [f"sample_{port.name}" for port in program.inputs]
    checks = [line for port in program.outputs for line in _check(port)]
    return "\n".join(
        [
            comment(
                f"Written by larq_focal {__version__}: runs the network on one embedded sample; returns how many "
                "outputs are not as expected."
            ),
            *(["#include <string.h>"] if copies else []),
            '#include "network.h"',
            "",
            f'/* Where the context lies, such as __attribute__((section(".dtcm"))). */\n#ifndef {upper}_CONTEXT',
            f"#define {upper}_CONTEXT\n#endif",
            "",
            *(table.text("") + "\n" for table in tables),
            f"static {name}_context context {upper}_CONTEXT;",
            *(f"static {port.c_type} {port.name}[{port.value.elements}];" for port in program.outputs),
            "",
            "int main(void)",
            "{",
            "    int faults = 0;",
            *copies,
            f"    {name}_run({', '.join(arguments)});",
            *checks,
            "    return (faults > 255) ? 255 : faults;",
            "}",
            "",
        ]
    )


def _check(port) -> list[str]:
    at = f"{port.name}[i]"
    expected = f"expected_{port.name}[i]"
    differs = f"({at} != {expected})"
    lines = [f"    for (uint32_t i = 0u; i < {port.value.elements}u; ++i) {{"]
    if port.storage == "f32":
        lines.append(f"        const float distance = ({at} < {expected}) ? ({expected} - {at}) : ({at} - {expected});")
        lines.append(f"        const float size = ({expected} < 0.0f) ? -{expected} : {expected};")
        differs = "(distance > 0.001f * (1.0f + size))"
    return [*lines, f"        faults += {differs} ? 1 : 0;", "    }"]

"""The files of a written program: network.c and network.h."""

from __future__ import annotations

import re
from dataclasses import dataclass

from larq_focal.mcu.emit.text import comment, shape
from larq_focal.mcu.pieces import text_of
from larq_focal.mcu.program import Port, Program
from larq_focal.mcu.storage import C_TYPES, Storage
from larq_focal.version import __version__

_LIBRARY = re.compile(r"\blqf_(\w+)\b")

_ALIAS = """\
/* Values of other types than uint32_t in the arena. */
#if defined(__GNUC__)
#define LQF_MAY_ALIAS __attribute__((__may_alias__))
#else
#define LQF_MAY_ALIAS
#endif
typedef int16_t LQF_MAY_ALIAS lqf_i16;
typedef float LQF_MAY_ALIAS lqf_f32;"""


@dataclass(frozen=True)
class Placement:
    """Attributes of what is placed in memory, as C takes them before or behind a declaration.

    Attributes:
        weights: of tables in flash, such as ``__attribute__((section(".dtcm")))``.
        code: of functions.
    """

    weights: str = ""
    code: str = ""


def header_text(program: Program, name: str) -> str:
    """network.h: the memory of a network, and the function that runs it."""
    upper = name.upper()
    return f"""\
{comment(f"Written by larq_focal {__version__}; see README.md beside this file. Network '{program.graph.name}'.")}
#ifndef {upper}_NETWORK_H
#define {upper}_NETWORK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* Words of 32 bits that a run works in. */
#define {upper}_ARENA_WORDS {max(program.plan.words, 1)}

/* The memory of one run. Runs at the same time need one each; nothing is kept from one run to the next. */
typedef struct {{
    uint32_t arena[{upper}_ARENA_WORDS];
}} {name}_context;

{_interface(program, name)}

#ifdef __cplusplus
}}
#endif

#endif
"""


def _interface(program: Program, name: str) -> str:
    lines = [
        line
        for port in program.inputs
        if program.input_in_arena
        for line in (
            f"/* Where {port.name} goes, {shape(port.value.shape)} in the order of rows, columns and channels, before",
            "   each run, which overwrites it. */",
            f"{_input_signature(port, name)};",
            "",
        )
    ]
    lines.append("/* Runs the network once.")
    if not program.input_in_arena:
        for port in program.inputs:
            lines.append(f"   {port.name}: {shape(port.value.shape)}, in the order of rows, columns and channels.")
    for port in program.outputs:
        lines.append(f"   {port.name}: {shape(port.value.shape)}; written.")
    lines[-1] += " */"
    return "\n".join([*lines, f"{_signature(program, name)};"])


def _signature(program: Program, name: str) -> str:
    inputs = [f"const {port.c_type} *{port.name}" for port in program.inputs if not program.input_in_arena]
    outputs = [f"{port.c_type} *{port.name}" for port in program.outputs]
    return f"void {name}_run({', '.join([f'{name}_context *context', *inputs, *outputs])})"


def _input_signature(port: Port, name: str) -> str:
    return f"{port.c_type} *{name}_{port.name}({name}_context *context)"


def source_text(program: Program, name: str, placement: Placement) -> str:
    """network.c."""
    upper = name.upper()
    tables, functions = [], []
    for function in program.functions:
        tables += [table.text(f"{upper}_WEIGHTS") for table in function.tables]
        tables += [
            f"static const lqf_geometry {geometry_name} = {{{geometry.initializer()}}};"
            for geometry_name, geometry in function.geometries
        ]
        functions.append(function.text(f"{upper}_CODE "))
    run = _run_text(program, name)
    for used in dict.fromkeys(_LIBRARY.findall("\n".join([*functions, run]))):
        if text_of(used) is not None:
            program.pieces.add(used)
    parts = [
        comment(f"Written by larq_focal {__version__} for {program.pieces.target}. Network '{program.graph.name}'."),
        '#include "network.h"',
        f"/* Where tables and code lie; may be defined by the compiler's options too. */\n"
        f"{_default(f'{upper}_WEIGHTS', placement.weights)}\n{_default(f'{upper}_CODE', placement.code)}",
        _ALIAS,
        program.pieces.text(),
        *tables,
        *functions,
        run,
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _default(macro: str, value: str) -> str:
    return f"#ifndef {macro}\n#define {macro} {value}\n#endif".replace(" \n", "\n")


def _run_text(program: Program, name: str) -> str:
    lines = []
    for function in program.functions:
        sources = [_place(program, source.name, source.storage, "const ") for source in function.sources]
        scratch = [_place(program, f"{function.name}/{s.name}", s.storage) for s in function.scratches]
        target = _place(program, function.target.name, function.target.storage)
        lines.append(f"    run_{function.name}({', '.join([*sources, target, *scratch])});")
    direct = {number for number in program.direct.values()}
    for number, port in enumerate(program.outputs):
        if number not in direct:
            lines += _copied(program, port)
    ports = [] if program.input_in_arena else program.inputs
    unused = [f"    (void){port.name};" for port in ports if not re.search(rf"\b{port.name}\b", "\n".join(lines))]
    arena = "    uint32_t *const arena = context->arena;" if "arena" in "\n".join(lines) else "    (void)context;"
    accessors = [
        f"{_input_signature(port, name)}\n{{\n    return ({port.c_type} *)(void *)(context->arena + {place});\n}}\n"
        for port in program.inputs
        if (place := program.plan.places.get(port.value.name)) is not None and program.input_in_arena
    ]
    return "\n".join([*accessors, _signature(program, name), "{", arena, *unused, *lines, "}"])


def _place(program: Program, name: str, storage: Storage, const: str = "") -> str:
    """Where a value or scratch memory lies, as an argument."""
    ports = {port.value.name: port.name for port in program.inputs}
    if name in program.plan.places:
        place = program.plan.places[name]
        pointer = f"arena + {place}" if place else "arena"
        return pointer if storage == "bits" else f"({const}{C_TYPES[storage]} *)(void *)({pointer})"
    port = ports.get(name) or program.outputs[program.direct[name]].name
    return f"({const}{C_TYPES[storage]} *){port}" if C_TYPES[storage].startswith("lqf") else port


def _copied(program: Program, port: Port) -> list[str]:
    value, steps_name = port.value, program.stored_as[port.value.name]
    place = _place(program, steps_name, value.storage, "const ")
    element = "(lqf_bit(stored, i) != 0u) ? -1 : 1" if value.storage == "bits" else "stored[i]"
    return [
        "    {",
        f"        const {C_TYPES[value.storage]} *const stored = {place};",
        f"        for (uint32_t i = 0u; i < {value.elements}u; ++i) {{",
        f"            {port.name}[i] = {element};",
        "        }",
        "    }",
    ]

"""Written programs on emulated microcontrollers: what they compute, and how many instructions a run takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from larq_focal.mcu.emulator import Microcontroller
from larq_focal.mcu.program import Port, Program

_DTYPES = {"u8": np.uint8, "i8": np.int8, "i16": np.int16, "i32": np.int32, "f32": np.float32}
_MAIN = """\
#include "machine.h"
#include "network.h"

static {name}_context context;
{inputs}
{outputs}

static void print_words(const void *values, uint32_t words)
{{
    for (uint32_t i = 0u; i < words; ++i) {{
        machine_print_number(((const int32_t *)values)[i]);
    }}
}}

int main(void)
{{
    for (uint32_t n = 0u; n < {count}u; ++n) {{
        const uint32_t before = machine_instructions();
        {name}_run({arguments});
        machine_print_number((int32_t)machine_instructions_since(before));
{prints}
    }}
    return 0;
}}
"""


@dataclass(frozen=True, eq=False)
class EmulatedRun:
    """What a run of a batch gave.

    Attributes:
        outputs: ``[N, ...]``, by the name of the value.
        instructions: of each sample, int64 ``[N]``, to the step of the microcontroller's count.
    """

    outputs: Mapping[str, np.ndarray]
    instructions: np.ndarray


def run_emulated(
    program: Program, folder: Path, name: str, samples: Mapping[str, np.ndarray], machine: Microcontroller
) -> EmulatedRun:
    """Builds network.c of ``folder`` for a microcontroller and runs it there; the files of the build go there too.

    Args:
        program: What is written in ``folder``, with inputs of the caller's.
        folder: With network.c and network.h.
        name: What its functions begin with.
        samples: ``[N, ...]``, by the name of the input.
        machine: The microcontroller; its packages must be here.

    Raises:
        RuntimeError: The program does not compile, or fails.
    """
    count = len(next(iter(samples.values())))
    inputs = [_array(f"in_{n}", port, samples[port.value.name]) for n, port in enumerate(program.inputs)]
    outputs = [f"static uint32_t out_{n}[{_words(port)}];" for n, port in enumerate(program.outputs)]
    arguments = ["&context", *(f"in_{n}[n]" for n in range(len(inputs)))]
    arguments += [f"({port.c_type} *)(void *)out_{n}" for n, port in enumerate(program.outputs)]
    prints = [f"        print_words(out_{n}, {_words(port)}u);" for n, port in enumerate(program.outputs)]
    text = _MAIN.format(
        name=name,
        inputs="\n".join(inputs),
        outputs="\n".join(outputs),
        count=count,
        arguments=", ".join(arguments),
        prints="\n".join(prints),
    )
    main = folder / "emulated_main.c"
    main.write_text(text, encoding="utf-8")
    executable = machine.build([main, folder / "network.c"], folder / "emulated_program", folder)
    table = np.array([*map(int, machine.run(executable).split())], np.int64).reshape(count, -1)
    results, start = {}, 1
    for port in program.outputs:
        words = np.ascontiguousarray(table[:, start : start + _words(port)].astype(np.int32))
        values = words.view(_DTYPES[port.storage])[:, : port.value.elements]
        results[port.value.name] = values.reshape(count, *port.value.shape)
        start += _words(port)
    return EmulatedRun(results, table[:, 0])


def _words(port: Port) -> int:
    return -(-port.value.elements * np.dtype(_DTYPES[port.storage]).itemsize // 4)


def _array(name: str, port: Port, values: np.ndarray) -> str:
    rows = np.asarray(values, _DTYPES[port.storage]).reshape(len(values), -1)
    if rows.dtype == np.float32:
        numbers = [[f"{float(value)!r}f" for value in row] for row in rows]
    else:
        numbers = [[str(value) for value in row] for row in rows.tolist()]
    lines = ",\n".join(f"    {{{', '.join(row)}}}" for row in numbers)
    return f"static const {port.c_type} {name}[{len(rows)}][{port.value.elements}] = {{\n{lines}\n}};"

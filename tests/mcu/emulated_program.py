"""Written networks on emulated microcontrollers: their outputs, and how many instructions a run takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from larq_focal.mcu.passes import lower_for_c
from larq_focal.mcu.program import program_of
from larq_focal.mcu.writer import Placement, header_text, source_text
from larq_focal.network import QuantGraph
from tests.support.microcontroller import emulated

_TYPES = {"u8": "uint8_t", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t", "f32": "float"}
_MAIN = """\
#include "machine.h"
#include "network.h"

static net_context context;
static const {input_type} images[{count}][{size}] = {{
{images}
}};

int main(void)
{{
    static {output_type} outputs[{outputs}];
    uint32_t instructions = 0u;
    for (uint32_t n = 0u; n < {count}u; ++n) {{
        const uint32_t before = machine_instructions();
        net_run(&context, images[n], outputs);
        instructions = machine_instructions_since(before);
        for (uint32_t i = 0u; i < sizeof outputs / 4u; ++i) {{
            machine_print_number(((const int32_t *)(const void *)outputs)[i]);
        }}
    }}
    machine_print_number((int32_t)instructions);
    return 0;
}}
"""


@dataclass(frozen=True)
class Emulated:
    """What a run on a batch gave: the output ``[N, ...]``, and the instructions for the last image."""

    output: np.ndarray
    instructions: int


def run_emulated(
    graph: QuantGraph, inputs: Mapping[str, np.ndarray], name: str, folder: Path, *, target: str | None = None
) -> Emulated:
    """Runs a network with one input and one output on microcontroller ``name``.

    Args:
        graph: The network.
        inputs: ``[N, ...]`` by the name of the input.
        name: One of ``MICROCONTROLLERS``.
        folder: For the files.
        target: That the network is written for; by default that of the microcontroller.
    """
    machine = emulated(name)
    program = program_of(lower_for_c(graph), target or machine.target)
    (source,), (result,) = program.inputs, program.outputs
    (images,) = inputs.values()
    rows = ",\n".join(f"    {{{', '.join(map(str, image.reshape(-1)))}}}" for image in images)
    padded = -(-result.value.elements * np.dtype(_dtype(result.storage)).itemsize // 4) * 4
    main = _MAIN.format(
        input_type=_TYPES[source.storage],
        output_type=f"__attribute__((aligned(4))) {_TYPES[result.storage]}",
        count=len(images),
        size=source.value.elements,
        images=rows,
        outputs=padded // np.dtype(_dtype(result.storage)).itemsize,
    )
    (folder / "main.c").write_text(main, encoding="utf-8")
    (folder / "network.c").write_text(source_text(program, "net", Placement()), encoding="utf-8")
    (folder / "network.h").write_text(header_text(program, "net"), encoding="utf-8")
    executable = machine.build([folder / "main.c", folder / "network.c"], folder / "program")
    *words, instructions = map(int, machine.run(executable).split())
    values = np.array(words, np.int32).reshape(len(images), -1).view(_dtype(result.storage))
    shape = (len(images), *result.value.shape)
    return Emulated(values[:, : result.value.elements].reshape(shape), instructions)


def _dtype(storage: str) -> type:
    return {"u8": np.uint8, "i8": np.int8, "i16": np.int16, "i32": np.int32, "f32": np.float32}[storage]

"""The emulated microcontrollers count instructions."""

from __future__ import annotations

import pytest

from larq_focal.mcu.emulator import MICROCONTROLLERS
from tests.support.microcontroller import emulated

_LOOPS = """\
#include "machine.h"

/* A loop of two instructions, so often. */
static void turn(uint32_t times)
{
    __asm__ volatile("1:\\n" LOOP : "+r"(times) : : "cc");
}

int main(void)
{
    const uint32_t times[3] = {40u, 123456u, 1000000u};
    for (uint32_t n = 0u; n < 3u; ++n) {
        const uint32_t before = machine_instructions();
        turn(times[n]);
        machine_print_number((int32_t)machine_instructions_since(before));
    }
    return STATUS;
}
"""
_ARM, _RISCV = "subs %0, %0, #1\\n\\tbne 1b", "addi %0, %0, -1\\n\\tbnez %0, 1b"


def built(name, folder, status=0):
    machine, source = emulated(name), folder / "main.c"
    loop = _ARM if name.startswith("cortex") else _RISCV
    source.write_text(_LOOPS.replace("LOOP", f'"{loop}"').replace("STATUS", str(status)), encoding="utf-8")
    return machine, machine.build([source], folder / "program")


@pytest.mark.parametrize("name", MICROCONTROLLERS)
def test_a_loop_of_known_length(name, tmp_path):
    machine, program = built(name, tmp_path)
    counts = [int(word) for word in machine.run(program).split()]
    assert counts == pytest.approx([80, 246912, 2000000], abs=machine.step + 8)
    assert machine.run(program).split() == [str(count) for count in counts]


def test_a_program_that_fails(tmp_path):
    machine, program = built("cortex-m4", tmp_path, status=3)
    with pytest.raises(RuntimeError, match="Status 3 on cortex-m4"):
        machine.run(program)

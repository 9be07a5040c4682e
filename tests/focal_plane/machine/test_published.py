"""Statements as published kernels have them, against the instructions that do the same."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.focal_plane.machine import ProgramError, Simulator, assemble
from tests.focal_plane.machine.programs import execute, random_state, small_sensor

PUBLISHED = [
    ("mov(C, B, east)", ["movx(C, B, east)"]),
    ("mov(F, F, north)", ["movx(F, F, north)"]),
    ("MOV(S0, RP)", ["MOV(R5, R12)"]),
    ("OR(S6, RS, RW)", ["OR(R11, R1, R2)"]),
    ("CLR(RN, RE)", ["CLR(R3, R4)"]),
    ("DNEWS(R11, RF, west, 0)", ["DNEWS(R11, R0, west)"]),
    ("DNEWS(S0, S1, north, 1)", ["DNEWS(R5, R6, north)", "DNEWS1(R5, R6)"]),
    ("icw(1,{LR1,LR10,plrb,bit,bitmode,RR11,SEL4,seln,sels})", ["MOV(R1, R11)", "MOV(R10, R11)"]),
    ("icw(1,{SEL4,seln,sels,plrb,bitmode,plwb,nbit,LR3,RR10})", ["NOT(R3, R10)"]),
    ("icw(2,{plrb,bit,s_in,rid,nb,LR11,RR10})", ["DNEWS0(R11, R10)"]),
    ("icw(1, {nbit, LR5, RR6, RR7})", ["NOR(R5, R6, R7)"]),
    ("XOR(R1, R11, R10);", ["XORX(R1, R11, R10)"]),
]


@pytest.mark.parametrize(("written", "meant"), PUBLISHED)
def test_published_statements_do_what_the_instructions_do(written, meant):
    states = []
    for lines in ([written], meant):
        simulator = Simulator(small_sensor())
        random_state(simulator, seed=3)
        execute(simulator, *lines)
        states.append({name: simulator.read(name) for name in (*simulator.array.digital, *simulator.array.analog)})
    besides = {"R0", "R11"} if written.startswith("XOR") else set()  # what the two forms use for themselves
    for name in states[0].keys() - besides:
        np.testing.assert_array_equal(states[0][name], states[1][name], name)


def test_exclusive_or_keeps_its_sources():
    simulator = Simulator(small_sensor())
    random_state(simulator, seed=4)
    x, y = simulator.read("R11"), simulator.read("R10")
    execute(simulator, "XOR(R1, R11, R10)")
    np.testing.assert_array_equal(simulator.read("R1"), x ^ y)
    np.testing.assert_array_equal(simulator.read("R11"), x)


def test_a_kernel_is_pasted_with_its_brackets():
    text = (
        "kernel k\n scamp5_kernel_begin();\n  MOV(S5, S0);  // back\n scamp5_kernel_end();\nend\nmain\nlaunch(k)\nend"
    )
    program = assemble(text, Simulator(small_sensor()).instruction_set)
    assert [str(instruction) for instruction in program.kernels[0].instructions] == ["MOV(R10, R5)"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("icw(1, {LR5, bit, lfl})", "Line 2: icw.*only control words that read digital registers"),
        ("icw(1, {LR5, RR5, bit})", "Line 2: icw.*only control words"),
        ("icw(2, {nbit, s_in, nb, LR5, RR6})", "a shift reads one register and does not invert it"),
        ("XOR(R5, R5, R6)", "XOR is not an instruction"),
        ("mov(C, B, up)", "mov"),
    ],
)
def test_what_is_not_understood_is_refused(line, message):
    with pytest.raises(ProgramError, match=message):
        assemble(f"kernel k\n{line}\nend\nmain\nend", Simulator(small_sensor()).instruction_set)

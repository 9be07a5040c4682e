"""What instructions compute, as weights by offset: the reference that compiled programs are checked with."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.analog import KernelError, registers_after, taps_of
from larq_focal.focal_plane.machine import Instruction, InstructionSet, Simulator
from tests.focal_plane.machine.programs import execute, put, small_sensor

SIDE = 15
SET = InstructionSet(small_sensor(SIDE, SIDE))
DIRECTION = st.sampled_from(["north", "south", "west", "east"])


@st.composite
def linear_programs(draw):
    """Macros of sums, differences and shifts that read registers which were written."""
    written, instructions = ["A"], []
    for _ in range(draw(st.integers(1, 6))):
        operands = draw(st.permutations(written))
        target = draw(st.sampled_from([name for name in "BCDEF" if name not in operands[:2]] or ["F"]))
        along, on = draw(DIRECTION), draw(DIRECTION)
        forms = [("movx", (operands[0], along)), ("mov2x", (operands[0], along, on)), ("neg", (operands[0],))]
        if len(operands) > 1:
            first, second = operands[:2]
            forms += [("add", (first, second)), ("sub", (first, second)), ("addx", (first, second, along))]
            forms += [("add2x", (first, second, along, on)), ("sub2x", (first, along, on, second))]
        mnemonic, rest = draw(st.sampled_from(forms))
        assume(target not in rest)
        instructions.append(Instruction(mnemonic, (target, *rest)))
        written = sorted({*written, target})
    return instructions


@settings(max_examples=50)
@given(linear_programs())
def test_taps_are_what_the_simulator_answers_to_an_impulse(instructions):
    simulator = Simulator(small_sensor(SIDE, SIDE))
    impulse = np.zeros((SIDE, SIDE))
    impulse[SIDE // 2, SIDE // 2] = 1
    put(simulator, A=impulse)
    execute(simulator, *map(str, instructions))
    for name, taps in registers_after(instructions, SET, "A").items():
        response = np.zeros((SIDE, SIDE))
        for (row, column), weight in taps.items():
            place = SIDE // 2 - row, SIDE // 2 - column
            assert (min(place) >= 0 and max(place) < SIDE) or not weight
            response[place] = weight
        assert np.array_equal(simulator.read(name), response), name


def test_halves_are_kept_exactly():
    instructions = [Instruction("divq", ("B", "A")), Instruction("divq", ("C", "B"))]
    assert registers_after(instructions, SET, "A")["C"] == {(0, 0): Fraction(1, 4)}


def test_offsets_count_from_the_centre_as_in_keras():
    assert taps_of(np.array([[1, 0, 2]])) == {(0, -1): 1, (0, 1): 2}
    assert taps_of(np.eye(4)) == {(place, place): 1 for place in (-1, 0, 1, 2)}


@pytest.mark.parametrize(
    ("instruction", "fault"),
    [(Instruction("abs", ("B", "A")), "not linear"), (Instruction("mov", ("B", "C")), "nothing was written")],
)
def test_programs_without_taps_are_refused(instruction, fault):
    with pytest.raises(KernelError, match=fault):
        registers_after([instruction], SET, "A")

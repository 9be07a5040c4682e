"""The packed array against the slow one, register by register."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.machine import Kernel, Launch, Program, Simulator
from tests.focal_plane.machine.programs import FORMS, instructions, random_state, small_sensor
from tests.focal_plane.machine.slow_array import SlowArray

SIZES = [(5, 7), (1, 3), (4, 1), (3, 64), (2, 65), (3, 130)]


@pytest.mark.parametrize(("height", "width"), SIZES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_programs_leave_the_same_registers(height, width, data, seed):
    simulator = Simulator(small_sensor(height, width))
    random_state(simulator, seed)
    slow = SlowArray(simulator)
    body = data.draw(st.lists(instructions(simulator.instruction_set), min_size=1, max_size=12))
    simulator.run(Program((Kernel("only", tuple(body)),), (Launch("only"),)))
    for instruction in body:
        slow.execute(instruction)
    _assert_same(simulator, slow)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.usage)
@settings(max_examples=10, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_every_instruction_under_a_random_flag(form, data, seed):
    simulator = Simulator(small_sensor(3, 66))
    random_state(simulator, seed)
    slow = SlowArray(simulator)
    set_flag = next(f for f in FORMS if f.mnemonic == "WHERE")
    body = [
        data.draw(instructions(simulator.instruction_set, (set_flag,))),
        data.draw(instructions(simulator.instruction_set, (form,))),
    ]
    simulator.run(Program((Kernel("only", tuple(body)),), (Launch("only"),)))
    for instruction in body:
        slow.execute(instruction)
    _assert_same(simulator, slow)


def _assert_same(simulator, slow):
    for name in (*simulator.array.digital, *simulator.array.analog):
        np.testing.assert_array_equal(simulator.read(name), slow.content(name), err_msg=name)

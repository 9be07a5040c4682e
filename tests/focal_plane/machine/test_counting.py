"""Binary arithmetic as programs on the simulator: results and instruction words."""

import numpy as np
import pytest

from larq_focal.focal_plane.compiler.layers.count import accumulator_bits
from larq_focal.focal_plane.fits.word_estimate import full_adder_icw, half_adder_icw, xnor_icw
from larq_focal.focal_plane.machine import Simulator, assemble
from tests.focal_plane.machine.counting import BITS, at_least, counter, full_add, half_add, xnor
from tests.focal_plane.machine.programs import execute, put, random_state, small_sensor

SHAPE = (17, 70)
COSTS = small_sensor().instruction_icw


@pytest.fixture
def simulator():
    simulator = Simulator(small_sensor(*SHAPE))
    random_state(simulator, seed=0)
    return simulator


def test_xnor_of_four_nors(simulator):
    x, w = simulator.read("R5"), simulator.read("R6")
    run = execute(simulator, *xnor("R7", "R5", "R6"))
    assert np.array_equal(simulator.read("R7"), x == w)
    assert run.total_icw == xnor_icw(COSTS) == 4


def test_half_adder(simulator):
    a, b = simulator.read("R5").astype(int), simulator.read("R6")
    run = execute(simulator, *half_add("R5", "R6"))
    assert np.array_equal(simulator.read("R5") + 2 * simulator.read("R6"), a + b)
    assert run.total_icw == half_adder_icw(COSTS) == 5


def test_full_adder(simulator):
    total = sum(simulator.read(name).astype(int) for name in ("R5", "R6", "R7"))
    run = execute(simulator, *full_add("R5", "R6", "R7", spare="R8"))
    assert np.array_equal(simulator.read("R5") + 2 * simulator.read("R6"), total)
    assert run.total_icw == full_adder_icw(COSTS) == 9


@pytest.mark.parametrize(("fan_in", "words"), [(9, 94), (16, 217), (25, 415), (36, 681), (64, 1441)])
def test_ripple_counter(simulator, fan_in, words):
    inputs = np.random.default_rng(fan_in).random((fan_in, *SHAPE)) < 0.5
    program = assemble(counter(fan_in), simulator.instruction_set)
    run = simulator.run(program, {f"input{t}": plane for t, plane in enumerate(inputs, 1)})
    count = sum(simulator.read(name).astype(int) << bit for bit, name in enumerate(BITS[: accumulator_bits(fan_in)]))
    assert np.array_equal(count, inputs.sum(0))
    assert run.total_icw == words
    assert run.store_icw <= 1024 and run.calls["kernel_launch"] == fan_in


@pytest.mark.parametrize("fan_in", [9, 25])
def test_compare_with_a_constant(simulator, fan_in):
    bits = BITS[: accumulator_bits(fan_in)]
    counts = np.random.default_rng(0).integers(0, 2 ** len(bits), SHAPE)
    put(simulator, **{name: counts >> bit & 1 for bit, name in enumerate(bits)})
    for threshold in range(1, fan_in + 1):
        lines, answer = at_least(threshold, bits)
        execute(simulator, *lines)
        assert np.array_equal(simulator.read(answer), counts >= threshold)

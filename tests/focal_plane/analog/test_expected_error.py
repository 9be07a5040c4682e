"""Errors that are expected, against those that the simulator makes."""

import numpy as np
import pytest

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.analog import (
    KernelError,
    compile_kernels,
    expected_accumulation_error,
    expected_error,
)
from larq_focal.focal_plane.machine import Instruction, Noise, Simulator, load_noise
from tests.focal_plane.machine.programs import execute, put, small_sensor

SIDE = 96
SENSOR = small_sensor(SIDE, SIDE)
NOISE = load_noise("scamp5")
INNER = np.s_[8:-8, 8:-8]
GAUSS = {"gauss": np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16}


def simulated(instructions, contents, register):
    simulator = Simulator(SENSOR, Noise(NOISE, SENSOR, seed=1, chip_seed=2))
    put(simulator, **{name: np.full((SIDE, SIDE), value) for name, value in contents.items()})
    execute(simulator, *map(str, instructions))
    return simulator.read(register)[INNER]


@pytest.mark.parametrize("value", [0, 80])
@pytest.mark.parametrize("division", ["div", "divq"])
def test_errors_of_a_convolution(value, division):
    compiled = compile_kernels(GAUSS, SENSOR, division=division, most_nodes=300)
    register = compiled.results["gauss"]
    error = expected_error(compiled.instructions, SENSOR, NOISE, {"A": value}, register)
    content = simulated(compiled.instructions, {"A": value}, register)
    assert error.value == pytest.approx(value)
    assert error.bias == pytest.approx(content.mean() - value, abs=0.1, rel=0.02)
    assert error.deviation == pytest.approx(content.std(), rel=0.1)
    assert error.range_used == pytest.approx(value / 127)


def test_errors_of_an_accumulation():
    error = expected_accumulation_error(16, 7, SENSOR, NOISE)
    adding = [Instruction("add", ("A", "A", "IN"))] * 16
    content = simulated(adding, {"A": 0, "IN": 7}, "A")
    assert error.value == 112 and error.range_used == pytest.approx(112 / 127)
    assert error.bias == pytest.approx(content.mean() - 112, rel=0.05)
    assert error.deviation == pytest.approx(content.std(), rel=0.1)
    assert set(error.to_dict()) == {"value", "bias", "deviation", "range_used"}


def test_the_range_counts_weights_of_either_sign():
    """A Sobel kernel of a flat image is 0, but a pixel's neighbours may differ."""
    compiled = compile_kernels({"sobel": np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])}, SENSOR, most_nodes=100)
    error = expected_error(compiled.instructions, SENSOR, NOISE, {"A": 10}, compiled.results["sobel"])
    assert error.value == 0
    assert error.range_used == pytest.approx(float(compiled.gain) * 10 / 127)


def test_what_has_no_expected_error_is_refused():
    sensor = load_sensor("scamp5")
    with pytest.raises(KernelError, match="not linear"):
        expected_error([Instruction("abs", ("B", "A"))], sensor, NOISE, {"A": 1}, "B")
    with pytest.raises(KernelError, match="reads C, but nothing was written"):
        expected_error([Instruction("mov", ("B", "C"))], sensor, NOISE, {"A": 1}, "B")
    with pytest.raises(KernelError, match="Nothing was written to D"):
        expected_error([], sensor, NOISE, {"A": 1}, "D")

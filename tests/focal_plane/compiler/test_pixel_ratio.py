"""Ratios of two pixels in analog registers: every pair of levels, word by word."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler import Code, build
from larq_focal.focal_plane.compiler.input_stage.pixel_pairs import MOST_INEXACT
from larq_focal.focal_plane.compiler.input_stage.pixel_ratio import PixelRatio, fitted_ratio
from larq_focal.focal_plane.machine import Simulator
from tests.focal_plane.compiler.random_layers import small

GREY = np.arange(256)
X, Y = np.mgrid[:128, :128]
SENSOR = small("scamp5", 128, 128)
LOST_TO_7_BITS = 140  # of the pairs on both sides of a line, those that look alike


def table(ratio: float, offset: float = 0) -> np.ndarray:
    values = (GREY / 255).astype(np.float32)
    return values[:, None] > np.float32(ratio) * values + np.float32(offset)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(-1, 1), st.integers(1, 40), st.integers(-128, 127))
def test_the_array_tells_what_the_reference_tells_of_all_levels(whole, weight, times, offset):
    test = PixelRatio(whole, weight, times, offset)
    code = Code(SENSOR)
    plane = test.emit(code, "A", "B", ["C", "D", "E", "F"])
    code.call("read_plane", plane, result="holds")
    built = build(code)
    assert built.total_icw == test.words + 2  # FLAG is copied and lifted
    simulator = Simulator(SENSOR)
    simulator.array.analog["A"][:], simulator.array.analog["B"][:] = -X, -Y
    run = simulator.run(built.program)
    np.testing.assert_array_equal(run.results["holds"][0], test.holds(X, Y))


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(-1, 1), st.integers(1, 8))
def test_it_is_the_ratio_that_it_says_where_no_value_is_cut_off(whole, weight, times):
    x, y = np.mgrid[:128, :32]  # the sums of larger ones may saturate
    test = PixelRatio(whole, weight, times)
    near = np.abs(times * (x - whole * y)) <= 127
    expected = times * x > (times * whole + weight) * y
    np.testing.assert_array_equal(test.holds(x, y)[near], expected[near])


@pytest.mark.parametrize("threshold", [0.01, 0.03, 0.05, 0.1, 0.15, 0.2, 0.35, 0.5, 0.7, 1.0, 1.2])
def test_thresholds_of_log_gradients(threshold):
    wanted = table(np.exp(threshold))
    ratio, inexact = fitted_ratio(wanted)
    assert np.count_nonzero(wanted != ratio.holds(GREY[:, None] // 2, GREY // 2)) == inexact <= MOST_INEXACT
    assert ratio.words <= 19


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("is_strict", [True, False])
def test_black_beside_black_is_as_the_network_tells(threshold, is_strict):
    wanted = table(np.exp(threshold)) if is_strict else ~table(np.exp(-threshold)).T
    ratio, inexact = fitted_ratio(wanted)
    assert ratio.holds(0, 0) == wanted[0, 0] == (not is_strict) and inexact <= MOST_INEXACT


def test_a_tenth_takes_13_words():
    ratio, inexact = fitted_ratio(table(np.exp(0.1)))
    assert (ratio.ratio, ratio.words) == (1.1, 13) and inexact < 160


@pytest.mark.parametrize("is_strict", [True, False])
def test_equal_pixels_need_one_difference(is_strict):
    wanted = GREY[:, None] > GREY if is_strict else GREY[:, None] >= GREY
    ratio, inexact = fitted_ratio(wanted)
    assert (ratio.ratio, ratio.words, inexact) == (1, 3, 128)


def test_ratios_that_a_product_can_be_are_as_exact_as_7_bits():
    for ratio in (1, 1 + 1 / 8, 1 + 1 / 3, 2, 3 - 1 / 2, 3):
        found, inexact = fitted_ratio(table(ratio))
        assert found.ratio == pytest.approx(ratio) and inexact < LOST_TO_7_BITS


def test_light_may_be_offset():
    ratio, inexact = fitted_ratio(table(1.5, 0.1))
    assert ratio.ratio == 1.5 and ratio.offset == pytest.approx(-0.1 * 127 * 2, abs=1) and inexact < 160


@pytest.mark.parametrize("values", [table(20), np.zeros((256, 256), bool), np.ones((256, 256), bool)])
def test_there_may_be_none(values):
    assert fitted_ratio(values) is None

"""Levels of rescaled sums in integers are those of floats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.mcu.emit.fixed_point import fixed_point
from larq_focal.mcu.passes import lower_for_c
from larq_focal.mcu.program import program_of
from larq_focal.network import interpret
from tests.mcu.networks import Chain, samples, sums_of_levels
from tests.mcu.written import assert_equal, written


def computed(fixed, sums):
    values = (sums[:, None] * fixed.factors + fixed.offsets) >> fixed.shift
    assert np.abs(sums[:, None] * fixed.factors + fixed.offsets).max() < 2**31
    return np.clip(values, 0, fixed.largest)


@given(
    slopes=st.lists(st.floats(1e-3, 2).flatmap(lambda x: st.sampled_from([x, -x])), min_size=1, max_size=4),
    offset=st.floats(-20, 20),
    largest=st.integers(2, 15),
    low=st.integers(-3000, 100),
    count=st.integers(1, 3000),
)
def test_it_gives_each_level_of_lines(slopes, offset, largest, low, count):
    sums = np.arange(low, low + count)
    lines = sums[:, None].astype(np.float32) * np.float32(slopes) + np.float32(offset)
    levels = np.clip(np.floor(lines), 0, largest).astype(np.int64)
    fixed = fixed_point(levels, low, np.float32(slopes), largest)
    if fixed is not None:
        np.testing.assert_array_equal(computed(fixed, sums), levels)
    assert fixed is not None or count > 100  # rounding errors of floats may let a level come a sum too early


def test_levels_of_other_than_even_steps_have_none():
    sums = np.arange(100)
    levels = np.searchsorted([10, 11, 90], sums, side="right")[:, None]
    assert fixed_point(levels, 0, np.array([3 / 80]), 3) is None


@pytest.mark.parametrize("scale", [0.0371, -0.0123])
def test_few_bit_layers_take_no_floats(scale, tmp_path):
    chain = Chain("few bits", (6, 6, 3)).conv("c", 9, scale=scale).levels("q", range(-3, 13), np.arange(-7, 8) * 0.9)
    graph = chain.conv("c1", 5, padding="same", pad_value=1.0).flat().dense("d", 4).graph()
    (program,), executable = written([graph], tmp_path)
    assert not any("float" in function.body.text() for function in program.functions)
    inputs = samples(graph)
    assert len(np.unique(interpret(graph, inputs, ["q"])["q"])) > 8
    assert_equal(graph, executable.run(0, inputs), inputs)


@pytest.mark.parametrize(("levels", "takes_floats"), [((0, 0.25, 0.5, 0.75), False), ((0, 0.5, 1, 1.5), True)])
def test_shortcuts_between_levels_of_one_unit_take_no_floats(levels, takes_floats):
    program = program_of(lower_for_c(sums_of_levels(levels).graph()), "generic")
    assert any("float" in function.body.text() for function in program.functions) == takes_floats


@given(
    step=st.floats(1e-3, 10),
    low=st.integers(-20, 20),
    count=st.integers(3, 64),
    last_places=st.lists(st.integers(-1, 1), min_size=64, max_size=64),
)
def test_even_levels_are_whole_whichever_way_a_backend_has_rounded_them(step, low, count, last_places):
    codes = np.arange(low, low + count)
    levels = np.float32(codes) * np.float32(step)
    rounded = levels + np.spacing(levels) * np.float32(last_places[:count]) * (codes != 0)
    boundaries = (rounded[1:] + rounded[:-1]) / 2
    chain = Chain("even", (4, 4, 3)).levels("q", rounded, boundaries).conv("c", 5, padding="same")
    found = lower_for_c(chain.graph())["q"].levels
    np.testing.assert_array_equal(found, codes)


def test_uneven_levels_stay_floats():
    graph = Chain("uneven", (4, 4, 3)).conv("c", 5, scale=0.1).levels("q", range(4), (-3, 0.5, 9)).graph()
    (function,) = program_of(lower_for_c(graph), "generic").functions
    assert "float" in function.body.text()

"""Steps are found to the last bit, wherever they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.network.step_function import find_steps

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(FLOATS, min_size=1, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_boundaries_are_exact(boundaries, random):
    boundaries = np.unique(np.array(boundaries, np.float32))
    boundaries = boundaries[boundaries > np.finfo(np.float32).min]
    levels = np.cumsum([random.uniform(0.5, 2) for _ in range(len(boundaries) + 1)]).astype(np.float32)
    found = find_steps(lambda x: levels[np.searchsorted(boundaries, x, side="right")])
    assert np.array_equal(found[0], levels)
    assert np.array_equal(found[1], boundaries)


@pytest.mark.parametrize(
    ("function", "levels", "boundaries"),
    [
        (lambda x: np.sign(np.sign(x) + np.float32(0.1)), [-1, 1], [0]),
        (np.sign, [-1, 0, 1], [0, np.nextafter(np.float32(0), np.float32(1))]),
        (lambda x: np.where(x > 1, 3, 1), [1, 3], [np.nextafter(np.float32(1), np.float32(2))]),
        (lambda x: np.rint(np.clip(x, 0, 2)), [0, 1, 2], [np.nextafter(np.float32(0.5), np.float32(1)), 1.5]),
        (lambda x: np.full_like(x, 7), [7], []),
    ],
)
def test_known_steps(function, levels, boundaries):
    found = find_steps(function)
    assert found[0].tolist() == levels
    assert found[1].tolist() == boundaries
    assert {array.dtype for array in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize("function", [lambda x: x, np.rint, np.negative, lambda x: np.where(x < 0, 1, 0)])
def test_what_is_no_short_rising_staircase_is_left(function):
    assert find_steps(function) is None

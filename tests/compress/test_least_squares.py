"""The scale of least squared error against the errors of all roundings that any scale gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from larq_focal.compress.least_squares import even_magnitudes, least_squares_scales, nearest_codes

as_property = settings(max_examples=60, deadline=None)
WIDTHS = [(bits, has_zero) for bits in (1, 2, 3, 4, 5) for has_zero in (True, False) if bits > 1 or not has_zero]


def squared_error(weights: np.ndarray, scale: float, magnitudes: np.ndarray) -> float:
    """With each weight at its nearest level, found by looking at all."""
    levels = scale * np.concatenate([-magnitudes, magnitudes])
    return float(np.square(np.abs(weights[:, None] - levels).min(1)).sum())


def least_error(weights: np.ndarray, magnitudes: np.ndarray) -> float:
    """By brute force: the roundings just above and below every scale at which one changes, each with its best scale."""
    middles, sizes = (magnitudes[1:] + magnitudes[:-1]) / 2, np.abs(weights).astype(np.float64)
    breakpoints = np.concatenate([sizes[sizes > 0] / middle for middle in middles] or [np.empty(0)])
    errors = [float(np.square(sizes).sum())] if magnitudes[0] == 0 or not sizes.any() else []
    for scale in np.concatenate([[4 * sizes.max() + 1], breakpoints * (1 - 1e-9), breakpoints * (1 + 1e-9)]):
        levels = magnitudes[np.abs(sizes[:, None] / scale - magnitudes).argmin(1)]
        if np.any(levels) and sizes @ levels > 0:
            errors.append(squared_error(weights, sizes @ levels / (levels @ levels), magnitudes))
    return min(errors)


@as_property
@given(
    weights=arrays(np.float64, st.integers(1, 10), elements=st.integers(-40, 40).map(lambda k: k / 16)),
    width=st.sampled_from(WIDTHS),
)
def test_no_scale_has_a_smaller_error(weights, width):
    magnitudes = even_magnitudes(*width)
    (scale,) = least_squares_scales(weights[:, None], magnitudes)
    error, least = squared_error(weights, scale, magnitudes), least_error(weights, magnitudes)
    assert error <= least * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize(("bits", "seed"), [(8, 0), (8, 1), (6, 2)])
def test_the_minimum_of_144_normal_weights(bits, seed):
    """Of many local ones: the best of 20,000 scales is no better."""
    weights, magnitudes = np.random.default_rng(seed).normal(size=144), even_magnitudes(bits, has_zero=True)
    (scale,) = least_squares_scales(weights[:, None], magnitudes)
    tried = np.abs(weights).max() / magnitudes[-1] * np.linspace(0.3, 2.5, 20_000)
    error = squared_error(weights, scale, magnitudes)
    assert error <= min(squared_error(weights, each, magnitudes) for each in tried) * (1 + 1e-9)
    assert error > 0


def test_the_range_may_exceed_the_largest_weight():
    """9 and 4 are nearly 2 and 1 steps of 4.4; the largest level of three bits is 13.2."""
    weights, magnitudes = np.array([[9.0], [4.0]]), even_magnitudes(3, has_zero=True)
    scales = least_squares_scales(weights, magnitudes)
    assert scales == pytest.approx(4.4)
    assert nearest_codes(weights, scales, magnitudes).tolist() == [[2], [1]]


@as_property
@given(
    seed=st.integers(0, 1000), bits=st.sampled_from([2, 4, 8]), factor=st.sampled_from([-2.0, 0.25, 2.0**20, 2.0**-40])
)
def test_scales_scale_with_the_weights(seed, bits, factor):
    """By powers of two, which round nothing: scales of equal error are told apart by the last bit."""
    weights, magnitudes = np.random.default_rng(seed).standard_t(3, (50, 2)), even_magnitudes(bits, has_zero=True)
    expected = abs(factor) * least_squares_scales(weights, magnitudes)
    np.testing.assert_array_equal(least_squares_scales(factor * weights, magnitudes), expected)


def test_any_levels():
    """Zero, and two powers of two: 1 and 2 of the first channel are levels, those of the second all 0."""
    weights = np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(least_squares_scales(weights, np.array([0, 1, 2])), [1, 1])
    np.testing.assert_array_equal(least_squares_scales(weights, np.array([0, 4, 8])), [0.25, 1])


def test_a_channel_of_zeros_without_a_level_at_zero_has_next_to_no_weights():
    (scale,) = least_squares_scales(np.zeros((9, 1)), even_magnitudes(2, has_zero=False))
    assert 0 < scale < 1e-37

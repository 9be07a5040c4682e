from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from larq_focal.compress.least_squares import even_magnitudes, least_squares_scales, nearest_codes
from larq_focal.keras import tf
from larq_focal.quantizers import OMSE, omse_range
from tests.support.quantizer_contract import AnyValuesContract, FewBitContract, as_property


def best_ternary(w):
    """-a, 0 and +a of least squared error: of each number of largest weights their mean magnitude, the best."""
    magnitudes = np.sort(np.abs(w.astype(np.float64)).ravel())[::-1]
    means = np.cumsum(magnitudes) / np.arange(1, magnitudes.size + 1)
    gains = means**2 * np.arange(1, magnitudes.size + 1)  # by which the squared error falls
    scale = means[np.argmax(gains)]
    return np.select([w > scale / 2, w < -scale / 2], [scale, -scale], 0.0)


class _Ternary:
    alias = "omse"
    idempotent = False
    values = st.integers(-3, 3).map(lambda k: k / 4)

    def gradient(self, w, upstream, quantizer):
        return upstream

    @as_property
    @given(seed=st.integers(0, 1000), power=st.sampled_from([1, 3]))
    def test_computes_what_the_reference_computes(self, seed, power):
        """Of weights without ties, normal ones and others with long tails."""
        w = np.random.default_rng(seed).normal(size=(3, 3, 4, 5)).astype(np.float32) ** power
        ours, best = (np.sum((w - q) ** 2) for q in (self.make()(w), self.forward(w, None)))
        assert best * (1 - 1e-5) <= ours <= best * (1 + 1e-5)


class TestOMSE(_Ternary, FewBitContract):
    role = "kernel"
    config: ClassVar = {"bits": 2, "scale": "tensor"}
    most_levels = 3
    fewest_levels = 3

    def forward(self, w, quantizer):
        return best_ternary(w)


class TestOMSEPerChannel(_Ternary, AnyValuesContract):
    config: ClassVar = {"bits": 2, "scale": "channel"}

    def forward(self, w, quantizer):
        return np.stack([best_ternary(channel) for channel in np.moveaxis(w, -1, 0)], axis=-1)


NORMAL = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000).astype(np.float32)[:, None]


@pytest.mark.parametrize(
    ("bits", "has_zero", "limit", "error"),
    [
        (2, True, 1.224, 0.190),
        (3, True, 1.952, 0.0469),
        (4, True, 2.474, 0.0129),
        (2, False, 1.494, 0.119),
        (3, False, 2.051, 0.0374),
        (4, False, 2.514, 0.0115),
    ],
)
def test_optimal_ranges_of_the_normal_distribution(bits, has_zero, limit, error):
    """In deviations, with their mean squared errors; the first row is the ternary optimum, the fourth Lloyd's."""
    quantizer = OMSE(bits, scale="tensor", has_zero=has_zero)
    assert float(omse_range(tf.constant(NORMAL), bits, "tensor", has_zero)) == pytest.approx(limit, rel=0.02)
    assert np.mean((quantizer(NORMAL) - NORMAL) ** 2) == pytest.approx(error, rel=0.01)


@as_property
@given(seed=st.integers(0, 1000), bits=st.sampled_from([2, 3, 4, 6, 8]), has_zero=st.booleans())
def test_no_range_has_a_smaller_error(seed, bits, has_zero):
    """Against the exact sweep in double precision, for weights of which each level is in reach, and for others."""
    for shape in ((144, 3), (1500, 3)):
        w = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        magnitudes = even_magnitudes(bits, has_zero)
        ours = omse_range(tf.constant(w), bits, "channel", has_zero).numpy() / magnitudes[-1]
        errors = [
            np.square(w - scales * nearest_codes(w, scales, magnitudes)).sum(0)
            for scales in (ours.astype(np.float64), least_squares_scales(w, magnitudes))
        ]
        np.testing.assert_array_less(errors[0], errors[1] * (1 + 1e-6))


@as_property
@given(seed=st.integers(0, 1000), bits=st.sampled_from([2, 3, 4, 8]), has_zero=st.booleans())
def test_is_no_worse_than_the_range_of_the_largest_weight(seed, bits, has_zero):
    w = np.random.default_rng(seed).standard_t(3, (50, 3)).astype(np.float32)
    unit, steps = w / np.abs(w).max(0), 2 ** (bits - 1) - 1 if has_zero else (2**bits - 1) / 2
    offset = 0 if has_zero else 0.5
    levels = np.clip((np.round(unit * steps - offset) + offset) / steps, -1, 1) * np.abs(w).max(0)
    errors = [np.sum((w - q) ** 2, axis=0) for q in (OMSE(bits, has_zero=has_zero)(w), levels)]
    assert np.all(errors[0] <= errors[1] * (1 + 1e-4))


@as_property
@given(seed=st.integers(0, 1000), factor=st.sampled_from([0.25, 2.0, 1024.0]))
def test_range_scales_with_the_weights(seed, factor):
    w = np.random.default_rng(seed).normal(size=(50, 3)).astype(np.float32)
    ranges = [omse_range(tf.constant(each), 3, "channel") for each in (w, factor * w)]
    np.testing.assert_allclose(ranges[1], factor * ranges[0], rtol=1e-5)


def test_zeros_stay_zeros():
    np.testing.assert_array_equal(OMSE()(np.zeros((3, 3, 2, 2), np.float32)), 0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"bits": 1}, "bits must be from 2 to 8, but is 1"),
        ({"scale": None}, 'scale must be "tensor" or "channel", but is None'),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=f"OMSE: {message}"):
        OMSE(**config)

from functools import cache

import numpy as np
import pytest
from scipy import optimize, stats

from larq_focal.keras import tf
from larq_focal.quantizers import SAWB
from larq_focal.quantizers.few_bits.sawb import COEFFICIENTS, sawb_range
from tests.support.quantizer_contract import FewBitContract

DISTRIBUTIONS = {
    "normal": stats.norm(),
    "uniform": stats.uniform(-1, 2),
    "Laplace": stats.laplace(),
    "logistic": stats.logistic(),
    "triangular": stats.triang(0.5, -1, 2),
    "von Mises": stats.vonmises(1.0),
}


@cache
def quantiles():
    """5,000 of each distribution, for a deviation of 1."""
    samples = [distribution.ppf((np.arange(5000) + 0.5) / 5000) for distribution in DISTRIBUTIONS.values()]
    return [each / each.std() for each in samples]


def numpy_range(weights, bits):
    c1, c2 = {2: (3.12, -2.064), 3: (7.509, -6.892), 4: (12.68, -12.80)}[bits]
    fitted = c1 * np.sqrt(np.mean(weights**2)) + c2 * np.mean(np.abs(weights))
    return fitted if fitted > 0 else np.abs(weights).max()


class TestSAWB(FewBitContract):
    alias = "sawb"
    role = "kernel"
    idempotent = False  # the range of the result is another
    most_levels = 4

    def forward(self, x, quantizer):
        limit = numpy_range(x.astype(np.float64), 2)
        return np.select([x < -2 / 3 * limit, x < 0, x < 2 / 3 * limit], [-limit, -limit / 3, limit / 3], limit)

    def gradient(self, x, upstream, quantizer):
        return upstream


def best_range(samples, bits):
    """The range of least squared error, found by search."""
    steps = 2**bits - 1

    def error(limit):
        unit = (np.clip(samples / limit, -1, 1) + 1) / 2
        return np.mean((samples - (2 * np.round(unit * steps) / steps - 1) * limit) ** 2)

    deviation = samples.std()
    return optimize.minimize_scalar(error, bounds=(deviation / 2, 6 * deviation), method="bounded").x


@pytest.mark.parametrize("bits", COEFFICIENTS)
def test_coefficients_are_those_of_a_fit(bits):
    """To the best ranges of six distributions, by their mean square and mean magnitude."""
    rows = [(1.0, np.mean(np.abs(samples)), best_range(samples, bits)) for samples in quantiles()]
    rms, magnitude, best = np.array(rows).T
    fitted = np.linalg.lstsq(np.stack([rms, magnitude], axis=1), best, rcond=None)[0]
    np.testing.assert_allclose(COEFFICIENTS[bits], fitted, rtol=0.06)


@pytest.mark.parametrize("bits", COEFFICIENTS)
def test_range_scales_with_the_weights(bits):
    weights = np.random.default_rng(0).normal(size=(3, 3, 8, 4)).astype(np.float32)
    np.testing.assert_allclose(sawb_range(tf.constant(4 * weights), bits), 4 * sawb_range(tf.constant(weights), bits))
    assert len(np.unique(SAWB(bits)(weights))) == 2**bits


def test_range_falls_back_to_the_largest_weight():
    """Constant magnitudes at four bits, where the fitted range is negative; and nothing but zeros."""
    weights = np.tile(np.float32([0.5, -0.5]), 8)
    np.testing.assert_array_equal(SAWB(4)(weights), weights)
    np.testing.assert_array_equal(SAWB()(np.zeros(6)), np.zeros(6))


def test_refuses_other_bits():
    with pytest.raises(ValueError, match="bits must be one of 2, 3, 4, but is 5"):
        SAWB(5)

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.quantizers import AdaBinSign
from tests.support.quantizer_contract import QuantizerContract, as_property


def standardized(w):
    """Each output channel by its mean and deviation in float64, with the deviations; 1 for a constant one."""
    w = w.astype(np.float64)
    deviation = w.std((0, 1, 2))
    deviation[deviation == 0] = 1
    return (w - w.mean((0, 1, 2))) / deviation, deviation


class TestAdaBinSign(QuantizerContract):
    alias = "adabin_sign"
    role = "kernel"
    # Coarse, so that the gradient, which falls with the deviation, stays within what float32 resolves.
    values = st.integers(-8, 8).map(lambda k: k / 4)
    idempotent = False

    def forward(self, w, quantizer):
        v, deviation = standardized(w)
        return deviation * np.where(v >= 0, 1, -1)

    def gradient(self, w, upstream, quantizer):
        v, _ = standardized(w)
        by_v = upstream * (1 - np.tanh(0.1 * v) ** 2)
        through_v = by_v - by_v.mean((0, 1, 2)) - v * (by_v * v).mean((0, 1, 2))
        by_scale = (upstream * np.where(v >= 0, 1, -1)).sum((0, 1, 2))
        return through_v + by_scale * v / v[..., 0].size


@as_property
@given(seed=st.integers(0, 1000), factor=st.sampled_from([0.25, 2.0, 64.0]), offset=st.sampled_from([0.0, -1.0, 8.0]))
def test_scales_with_the_weights_and_ignores_their_mean(seed, factor, offset):
    w = np.random.default_rng(seed).integers(-100, 100, (3, 3, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(AdaBinSign()(factor * w + offset), factor * AdaBinSign()(w), rtol=1e-5)


def test_keeps_the_variance_of_the_weights():
    w = np.random.default_rng(0).normal(0.3, 0.1, (3, 3, 64, 8)).astype(np.float32)
    np.testing.assert_allclose((AdaBinSign()(w).numpy() ** 2).mean((0, 1, 2)), w.var((0, 1, 2)), rtol=1e-5)

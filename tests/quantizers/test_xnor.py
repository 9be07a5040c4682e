import numpy as np
import pytest

from larq_focal.keras import larq as lq
from larq_focal.quantizers import XnorSign
from tests.support.quantizer_contract import QuantizerContract, small_numbers


class TestXnorSign(QuantizerContract):
    alias = "xnor_sign"
    role = "kernel"
    values = small_numbers(1, -1)

    def forward(self, w, quantizer):
        return np.abs(w).mean((0, 1, 2)) * np.where(w >= 0, 1, -1)

    def gradient(self, w, upstream, quantizer):
        return upstream * (1 / 36 + np.abs(w).mean((0, 1, 2)) * (np.abs(w) < 1))


def normal_weights():
    return np.random.default_rng(0).normal(0, 0.1, (3, 3, 512, 8)).astype(np.float32)


def test_error_on_normal_weights():
    """alpha = sqrt(2/pi) = 0.798 deviations, mean squared error 1 - 2/pi = 0.363 variances."""
    w = normal_weights()
    quantized = XnorSign()(w).numpy()
    assert np.abs(quantized).mean() / 0.1 == pytest.approx(np.sqrt(2 / np.pi), rel=0.01)
    assert np.mean((w - quantized) ** 2) / 0.01 == pytest.approx(1 - 2 / np.pi, rel=0.02)


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_no_other_scale_is_nearer_to_the_weights(factor):
    w = normal_weights()
    quantized = XnorSign()(w).numpy()
    assert np.mean((w - factor * quantized) ** 2) > np.mean((w - quantized) ** 2)


def test_has_the_values_of_the_magnitude_aware_sign():
    w = normal_weights()
    np.testing.assert_allclose(XnorSign()(w), lq.quantizers.MagnitudeAwareSign()(w), rtol=1e-6)

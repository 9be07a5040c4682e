from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.quantizers import TernaryWeights
from tests.support.quantizer_contract import AnyValuesContract, FewBitContract, as_property


def nearest_ternary(w):
    """Threshold and scale of Ternary Weight Networks, https://arxiv.org/abs/1605.04711, eq. 6: sum by sum."""
    magnitudes = [abs(float(weight)) for weight in w.ravel()]
    threshold = 0.7 * sum(magnitudes) / len(magnitudes)
    kept = [magnitude for magnitude in magnitudes if magnitude > threshold]
    alpha = sum(kept) / len(kept) if kept else 0.0
    return np.select([w > threshold, w < -threshold], [alpha, -alpha], 0.0)


class TestTernaryWeights(FewBitContract):
    alias = "ternary_weights"
    role = "kernel"
    # Multiples of 1/4 with a sum in units in which no weight lies on the threshold, but for kernels of zeros.
    values = st.integers(-8, 8).map(lambda k: k / 4)
    idempotent = False  # the threshold of the result is another
    most_levels = 3
    fewest_levels = 3

    def forward(self, w, quantizer):
        return nearest_ternary(w)

    def gradient(self, w, upstream, quantizer):
        return upstream


class TestTernaryWeightsPerChannel(AnyValuesContract):
    alias = "ternary_weights"
    config: ClassVar = {"scale": "channel"}
    values = st.integers(-8, 8).map(lambda k: k / 4)
    idempotent = False

    def forward(self, w, quantizer):
        return np.stack([nearest_ternary(channel) for channel in np.moveaxis(w, -1, 0)], axis=-1)

    def gradient(self, w, upstream, quantizer):
        return upstream


class TestTernaryWeightsWithoutScale(AnyValuesContract):
    alias = "ternary_weights"
    config: ClassVar = {"scale": None}
    values = st.integers(-8, 8).map(lambda k: k / 4)
    idempotent = False

    def forward(self, w, quantizer):
        return np.sign(nearest_ternary(w))

    def gradient(self, w, upstream, quantizer):
        return upstream


def test_normal_weights():
    """T = 0.7 sqrt(2/pi) = 0.5585 deviations; alpha = 1.184 and mean squared error 0.1916 by integrals."""
    w = np.random.default_rng(0).normal(0, 0.01, (3, 3, 512, 32)).astype(np.float32)
    quantized = TernaryWeights()(w).numpy()
    assert np.abs(w[quantized == 0]).max() / 0.01 == pytest.approx(0.5585, rel=0.005)
    assert quantized.max() / 0.01 == pytest.approx(1.184, rel=0.005)
    assert np.mean((w - quantized) ** 2) / 1e-4 == pytest.approx(0.1916, rel=0.01)


@as_property
@given(seed=st.integers(0, 1000), factor=st.sampled_from([0.25, 2.0, 1024.0]))
def test_scales_with_the_weights(seed, factor):
    w = np.random.default_rng(seed).normal(size=(3, 3, 4, 2)).astype(np.float32)
    np.testing.assert_allclose(TernaryWeights()(factor * w), factor * TernaryWeights()(w), rtol=1e-5)


@as_property
@given(seed=st.integers(0, 1000))
def test_is_half_the_sum_of_two_signs(seed):
    """t = (b1 + b2) / 2 with b1 = sign(w - T) and b2 = sign(w + T), but on the threshold itself."""
    w = np.random.default_rng(seed).normal(size=(3, 3, 4, 2)).astype(np.float32)
    threshold = 0.7 * np.abs(w).mean()
    signs = np.where(w > threshold, 1, -1) + np.where(w >= -threshold, 1, -1)
    np.testing.assert_array_equal(TernaryWeights(scale=None)(w), signs / 2)


def test_zeros_stay_zeros():
    np.testing.assert_array_equal(TernaryWeights()(np.zeros((3, 3, 2, 2), np.float32)), 0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"delta": -0.1}, "TernaryWeights: delta must not be negative, but is -0.1"),
        ({"scale": "filter"}, 'TernaryWeights: scale must be "tensor", "channel" or None, but is \'filter\''),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        TernaryWeights(**config)

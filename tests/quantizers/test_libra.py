import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.keras import tf
from larq_focal.quantizers import LibraSign
from tests.support.quantizer_contract import QuantizerContract, as_property


def standardized(w):
    """Each output channel by its mean and sample deviation in float64, with the deviations; 1 for a constant one."""
    w = w.astype(np.float64)
    deviation = w.std((0, 1, 2), ddof=1)
    deviation[deviation == 0] = 1
    return (w - w.mean((0, 1, 2))) / deviation, deviation


def shifts(v):
    """round(log2(mean|v|)) of each output channel."""
    magnitude = np.abs(v).mean((0, 1, 2))
    return np.rint(np.log2(np.where(magnitude == 0, 1, magnitude)))


class TestLibraSign(QuantizerContract):
    alias = "libra_sign"
    role = "kernel"
    # Coarse, so that the gradient, which falls with the deviation, stays within what float32 resolves.
    values = st.integers(-8, 8).map(lambda k: k / 4)
    idempotent = False

    def forward(self, w, quantizer):
        v, _ = standardized(w)
        return np.where(v >= 0, 1, -1) * 2.0 ** shifts(v)

    def gradient(self, w, upstream, quantizer):
        v, deviation = standardized(w)
        count = v[..., 0].size
        by_v = upstream * 2.0 ** shifts(v) * (1 - np.tanh(0.1 * v) ** 2)
        through_deviation = v * (by_v * v).sum((0, 1, 2)) / (count - 1)
        return (by_v - by_v.mean((0, 1, 2)) - through_deviation) / deviation


@as_property
@given(seed=st.integers(0, 1000), factor=st.sampled_from([0.25, 2.0, 1024.0]), offset=st.sampled_from([0.0, -1.0, 8.0]))
def test_neither_scale_nor_offset_of_the_weights_matters(seed, factor, offset):
    w = np.random.default_rng(seed).integers(-100, 100, (3, 3, 4, 2)).astype(np.float32)
    np.testing.assert_array_equal(LibraSign()(factor * w + offset), LibraSign()(w))


def test_signs_are_balanced():
    w = np.random.default_rng(0).normal(3, 1, (3, 3, 64, 8)).astype(np.float32)
    assert np.all(np.abs(LibraSign()(w).numpy().mean((0, 1, 2))) < 0.15)


def test_normal_weights_have_scale_one():
    """E|v| = sqrt(2/pi) = 0.798 and log2 of it -0.33, which rounds to 0."""
    w = np.random.default_rng(0).normal(0, 0.01, (3, 3, 64, 8)).astype(np.float32)
    np.testing.assert_array_equal(np.abs(LibraSign()(w)), 1)


@pytest.mark.parametrize(("large", "shift"), [(64, 0), (16, -1), (4, -2), (1, -3)])
def test_few_large_weights_have_a_smaller_scale(large, shift):
    """With a share p of weights +1 and as many of -1 among zeros, mean|v| = sqrt(2 p), but for the n - 1."""
    w = np.zeros((1, 1, 128, 1), np.float32)
    w[:, :, :large], w[:, :, -large:] = 1, -1
    np.testing.assert_array_equal(np.abs(LibraSign()(w)), 2.0**shift)


def test_equal_weights_train_on():
    w = tf.fill((3, 3, 4, 2), 0.5)
    with tf.GradientTape() as tape:
        tape.watch(w)
        quantized = LibraSign()(w)
    np.testing.assert_array_equal(quantized, 1)
    assert np.all(np.isfinite(tape.gradient(quantized, w)))

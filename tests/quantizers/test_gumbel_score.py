import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from larq_focal.keras import tf
from larq_focal.quantizers import GumbelScoreSign, score_logit
from tests.support.quantizer_contract import QuantizerContract, as_property


def scores(w, temperature):
    """Of the levels -1 and +1, as computational-imaging/PixelRNN defines them with its constants."""
    s = 3.0 / temperature
    sigmoid = 1 / (1 + np.exp(-s * (w - np.array([-1.0, 1.0])) / 2))
    return 300 * np.sqrt(s) * 4 * sigmoid * (1 - sigmoid)


class TestGumbelScoreSign(QuantizerContract):
    alias = "gumbel_score_sign"
    role = "kernel"
    changed_by_training = frozenset({"noise_state"})

    def forward(self, w, quantizer):
        return np.where(w >= 0, 1, -1)

    def gradient(self, w, upstream, quantizer):
        return upstream


@as_property
@given(w=st.floats(-1, 1), temperature=st.sampled_from([0.1, 0.5, 1.0, 3.0]))
def test_the_logit_is_the_difference_of_the_scores(w, temperature):
    low, high = scores(w, temperature)
    logit = score_logit(tf.constant(w, tf.float64), tf.constant(temperature, tf.float64))
    np.testing.assert_allclose(logit, high - low, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("w", [-0.6, -0.3, 0.0, 0.4, 0.5])
def test_samples_as_the_softmax_of_the_scores(w):
    draws = 40_000
    share = np.mean(GumbelScoreSign(seed=5)(tf.fill((draws,), np.float32(w)), training=True).numpy() == 1)
    odds = np.exp(scores(w, 0.1))
    probability = odds[1] / odds.sum()
    assert abs(share - probability) < 4 * np.sqrt(probability * (1 - probability) / draws)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_gradient_passes_the_noise(dtype):
    w = tf.cast(np.linspace(-1, 1, 21), dtype)
    with tf.GradientTape() as tape:
        tape.watch(w)
        quantized = GumbelScoreSign(seed=1, dtype=f"mixed_{dtype}" if "16" in dtype else dtype)(w, training=True)
    np.testing.assert_array_equal(tf.cast(tape.gradient(quantized, w), tf.float32), 1)


def test_likely_weights_keep_their_sign():
    w = tf.constant([-1.0, 1.0] * 50)
    np.testing.assert_array_equal(GumbelScoreSign(seed=2)(w, training=True), w)


@pytest.mark.parametrize("name", ["temperature", "max_temperature", "score_scale"])
def test_refuses_numbers_that_are_not_positive(name):
    with pytest.raises(ValueError, match=f"GumbelScoreSign: {name} must be positive, but is 0"):
        GumbelScoreSign(**{name: 0})

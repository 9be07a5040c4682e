import numpy as np
import pytest

from larq_focal.keras import keras, tf
from larq_focal.quantizers import GumbelScoreTernary
from tests.support.quantizer_contract import FewBitContract, small_numbers

LEVELS = np.array([-1.0, 0.0, 1.0])


def probabilities(w, temperature=0.1):
    """Softmax of the scores, as computational-imaging/PixelRNN defines them with its constants."""
    s = 3.0 / temperature
    sigmoid = 1 / (1 + np.exp(-s * (w - LEVELS) / 2))
    scores = 30 * np.sqrt(s) * 4 * sigmoid * (1 - sigmoid)
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


class TestGumbelScoreTernary(FewBitContract):
    alias = "gumbel_score_ternary"
    role = "kernel"
    values = small_numbers(0.5, -0.5, 1.0, -1.0)
    changed_by_training = frozenset({"noise_state"})
    levels = (-1, 0, 1)
    most_levels = 3

    def network(self, quantizer=None, other="ste_sign", **options):
        wide = keras.initializers.RandomUniform(-1, 1, seed=1)
        return super().network(quantizer, other, kernel_initializer=wide, **options)

    def forward(self, w, quantizer):
        return np.select([w > 0.5, w < -0.5], [1, -1], 0)

    def gradient(self, w, upstream, quantizer):
        return upstream


@pytest.mark.parametrize("w", [-0.6, -0.5, 0.0, 0.45, 0.55, 1.0])
def test_samples_as_the_softmax_of_the_scores(w):
    draws = 40_000
    sampled = GumbelScoreTernary(seed=5)(tf.fill((draws,), np.float32(w)), training=True).numpy()
    for level, probability in zip(LEVELS, probabilities(np.float32(w)), strict=True):
        deviation = np.sqrt(probability * (1 - probability) / draws)
        assert np.mean(sampled == level) == pytest.approx(probability, abs=4 * deviation + 1e-6)


def test_noise_differs_between_steps_and_follows_the_seed():
    first, second, same = (GumbelScoreTernary(seed=seed) for seed in (1, 2, 1))
    x = tf.fill((64,), 0.5)
    draws = [[quantizer(x, training=True).numpy() for _ in range(2)] for quantizer in (first, second, same)]
    np.testing.assert_array_equal(draws[0], draws[2])
    assert len({draw.tobytes() for pair in draws[:2] for draw in pair}) == 4


@pytest.mark.parametrize("name", ["temperature", "max_temperature", "score_scale"])
def test_refuses_numbers_that_are_not_positive(name):
    with pytest.raises(ValueError, match=f"GumbelScoreTernary: {name} must be positive, but is 0"):
        GumbelScoreTernary(**{name: 0})

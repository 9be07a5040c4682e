"""SignSwish, which Larq has, the regularizer that the paper pairs it with, and both with a learned scale."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import BinaryRegularizer, BnnPlusSign
from tests.quantizers.test_larq import LarqsOwn
from tests.support.quantizer_contract import QuantizerContract, ValuesContract, save

BETA = 5.0


def sign_swish(x):
    """2 sigmoid(b x) (1 + b x (1 - sigmoid(b x))) - 1 (https://arxiv.org/abs/1812.11800)."""
    y = 1 / (1 + np.exp(-BETA * x))
    return 2 * y * (1 + BETA * x * (1 - y)) - 1


class TestSwishSign(LarqsOwn, ValuesContract):
    alias = "swish_sign"

    def forward(self, x, quantizer):
        return np.where(x >= 0, 1, -1)

    def gradient(self, x, upstream, quantizer):
        x, step = x.astype(np.float64), 1e-5
        return upstream * (sign_swish(x + step) - sign_swish(x - step)) / (2 * step)

    def test_slope_is_beta_at_zero_and_turns_negative_behind_the_published_point(self):
        """b x = 2.39936 solves b x tanh(b x / 2) = 2."""
        x = tf.constant(np.array([0, 2.39935, 2.39937]) / BETA)
        with tf.GradientTape() as tape:
            tape.watch(x)
            quantized = self.make(dtype="float64")(x)
        at_zero, before, behind = tape.gradient(quantized, x).numpy()
        assert at_zero == pytest.approx(BETA)
        assert before > 0 > behind


def penalty(w, alpha, p):
    return np.sum(np.abs(alpha - np.abs(w)) ** p)


def gradient(regularizer, w):
    w = tf.constant(w)
    with tf.GradientTape() as tape:
        tape.watch(w)
        loss = regularizer(w)
    return tape.gradient(loss, w).numpy()


WEIGHTS = np.random.default_rng(0).normal(size=(3, 3, 4, 5))


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("alpha", [0.5, [0.1, 0.2, 0.3, 0.4, 0.5]])
def test_penalty_and_its_gradient_are_the_published_ones(p, alpha):
    regularizer = BinaryRegularizer(0.1, p, alpha)
    assert float(regularizer(tf.constant(WEIGHTS))) == pytest.approx(0.1 * penalty(WEIGHTS, alpha, p))
    away = np.abs(WEIGHTS) - alpha
    slope = np.sign(away) if p == 1 else 2 * away
    np.testing.assert_allclose(gradient(regularizer, WEIGHTS), 0.1 * slope * np.sign(WEIGHTS))


@pytest.mark.parametrize("p", [1, 2])
def test_weights_at_alpha_stay(p):
    np.testing.assert_array_equal(gradient(BinaryRegularizer(1.0, p, 0.25), np.full((2, 3), -0.25)), 0)


@settings(deadline=None)
@given(seed=st.integers(0, 1000), p=st.sampled_from([1, 2]), count=st.integers(1, 6), step=st.sampled_from([0.9, 1.1]))
def test_without_alpha_it_takes_the_best(seed, p, count, step):
    """The median of |w| for p = 1, the mean for p = 2: no other value has a smaller penalty."""
    w = np.random.default_rng(seed).normal(size=(count, 2))
    best = np.median(np.abs(w), 0) if p == 1 else np.abs(w).mean(0)
    actual = float(BinaryRegularizer(1.0, p)(tf.constant(w)))
    assert actual == pytest.approx(penalty(w, best, p))
    assert actual <= penalty(w, best * step, p) + 1e-12


@pytest.mark.parametrize("p", [1, 2])
def test_gradient_without_alpha_is_that_of_the_least_penalty(p):
    w = np.abs(WEIGHTS) + 0.1
    step, place = 1e-6, (1, 2, 0, 3)
    sides = []
    for direction in (1, -1):
        moved = w.copy()
        moved[place] += direction * step
        sides.append(float(BinaryRegularizer(1.0, p)(tf.constant(moved))))
    expected = (sides[0] - sides[1]) / (2 * step)
    assert gradient(BinaryRegularizer(1.0, p), w)[place] == pytest.approx(expected, abs=1e-6)


def test_sees_the_latent_weights_and_is_saved(tmp_path):
    layer = lq.layers.QuantConv2D(5, 3, kernel_quantizer="swish_sign", kernel_regularizer=BinaryRegularizer(0.1, 2))
    model = keras.Sequential([keras.Input((5, 5, 4)), layer])
    layer.kernel.assign(WEIGHTS)
    expected = 0.1 * penalty(WEIGHTS, np.abs(WEIGHTS).mean((0, 1, 2)), 2)
    save(model, tmp_path / "model.keras")
    for each in (model, keras.models.load_model(tmp_path / "model.keras", compile=False)):
        (loss,) = each.losses
        assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_training_with_it_makes_weights_binary():
    w = tf.Variable(WEIGHTS)
    optimizer, regularizer = keras.optimizers.SGD(0.1), BinaryRegularizer(1.0, 2)
    for _ in range(50):
        optimizer.minimize(lambda: regularizer(w), [w])
    np.testing.assert_allclose(np.abs(w) / np.abs(WEIGHTS).mean((0, 1, 2)), 1, rtol=1e-3)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"strength": -1}, "strength must not be negative, but is -1"),
        ({"p": 3}, "p must be 1 or 2, but is 3"),
        ({"alpha": 0}, "alpha must be positive, but is 0"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=f"BinaryRegularizer: {message}"):
        BinaryRegularizer(**config)


class TestBnnPlusSign(QuantizerContract):
    alias = "bnn_plus_sign"
    role = "kernel"
    changed_by_training = frozenset({"alpha"})
    scales = np.float32([0.5, 0.25, 1, 2, 0.125])

    def built(self):
        quantizer = super().built()
        quantizer.alpha.assign(self.scales)
        return quantizer

    def forward(self, w, quantizer):
        return self.scales * np.where(w >= 0, 1, -1)

    def gradient(self, w, upstream, quantizer):
        w, step = w.astype(np.float64), 1e-5
        return upstream * self.scales * (sign_swish(w + step) - sign_swish(w - step)) / (2 * step)


def gradient_of_scale(quantizer, w, upstream):
    """With the penalty, as a training step has it."""
    w = tf.constant(w, tf.float32)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(upstream * quantizer(w)) + tf.add_n(quantizer.losses)
    return tape.gradient(total, quantizer.alpha).numpy()


@pytest.mark.parametrize("p", [1, 2])
def test_scale_is_trained_by_the_output_and_by_the_penalty(p):
    quantizer, upstream = BnnPlusSign(strength=0.1, p=p), np.random.default_rng(1).normal(size=WEIGHTS.shape)
    quantizer.build(WEIGHTS.shape)
    quantizer.alpha.assign([0.1, 0.2, 0.3, 0.4, 0.5])
    away = quantizer.alpha.numpy() - np.abs(WEIGHTS)
    by_penalty = 0.1 * np.sum(np.sign(away) if p == 1 else 2 * away, axis=(0, 1, 2))
    by_output = np.sum(upstream * np.sign(WEIGHTS), axis=(0, 1, 2))
    np.testing.assert_allclose(gradient_of_scale(quantizer, WEIGHTS, upstream), by_output + by_penalty, rtol=1e-3)


@pytest.mark.parametrize("p", [1, 2])
def test_scale_begins_with_the_least_penalty(p):
    quantizer, magnitudes = BnnPlusSign(p=p), np.abs(WEIGHTS.astype(np.float32))
    best = np.median(magnitudes, (0, 1, 2)) if p == 1 else magnitudes.mean((0, 1, 2))
    w = tf.constant(WEIGHTS, tf.float32)
    np.testing.assert_allclose(np.abs(quantizer(w)[0, 0, 0]), best, rtol=1e-5)
    np.testing.assert_array_equal(quantizer.alpha, 0)  # inference stores nothing
    quantizer(w, training=True)
    np.testing.assert_allclose(quantizer.alpha, best, rtol=1e-5)
    np.testing.assert_allclose(np.abs(quantizer(2 * w)[0, 0, 0]), best, rtol=1e-5)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_penalty_is_that_of_the_regularizer_and_counts_once_for_each_step(run_eagerly):
    quantizer = BnnPlusSign(strength=0.1, p=2)
    layer = lq.layers.QuantDense(4, use_bias=False, kernel_quantizer=quantizer)
    image = keras.Input((4,))
    model = keras.Model(image, layer(layer(layer(image))))
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=run_eagerly)
    kernel, x = layer.get_weights()[0], np.ones((2, 4))
    loss = model.train_on_batch(x, model(x))
    assert loss == pytest.approx(float(BinaryRegularizer(0.1, 2)(tf.constant(kernel))), rel=1e-4)


def test_training_with_the_penalty_alone_makes_weights_binary():
    quantizer, w = BnnPlusSign(strength=1.0, p=2), tf.Variable(WEIGHTS, dtype=tf.float32)
    quantizer(w, training=True)
    for _ in range(100):
        with tf.GradientTape() as tape:
            quantizer(w, training=True)
            penalty_now = tf.add_n(quantizer.losses)
        variables = [w, quantizer.alpha]
        for variable, its_gradient in zip(variables, tape.gradient(penalty_now, variables), strict=True):
            variable.assign_sub(0.02 * its_gradient)
    assert float(penalty_now) < 1e-3 * penalty(WEIGHTS, np.abs(WEIGHTS).mean((0, 1, 2)), 2)
    np.testing.assert_allclose(np.abs(w) / quantizer.alpha, 1, rtol=0.1)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"beta": 0}, "BnnPlusSign: beta must be positive, but is 0"),
        ({"strength": -1}, "strength must not be negative, but is -1"),
        ({"p": 3}, "p must be 1 or 2, but is 3"),
    ],
)
def test_learned_scale_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        BnnPlusSign(**config)

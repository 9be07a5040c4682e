from typing import ClassVar

import numpy as np
import pytest

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import LSQ, lsq
from tests.support.quantizer_contract import AnyValuesContract, FewBitContract, small_numbers


class TestLSQ(FewBitContract):
    alias = "lsq"
    role = "activation"
    config: ClassVar = {"signed": False, "step": 0.5}
    values = small_numbers(0.25, 0.75, 1.5, -0.25)
    changed_by_training = frozenset({"step"})
    levels = (0, 0.5, 1, 1.5)
    most_levels = 4

    def forward(self, x, quantizer):
        return np.clip(np.round(2 * x), 0, 3) / 2

    def gradient(self, x, upstream, quantizer):
        return upstream * ((x > 0) & (x < 1.5))


class TestLSQOfThreeSignedBits(AnyValuesContract):
    alias = "lsq"
    config: ClassVar = {"bits": 3, "step": 0.25}
    values = small_numbers(0.75, -1.0, 0.125, -0.125)

    def forward(self, x, quantizer):
        return np.clip(np.round(4 * x), -4, 3) / 4

    def gradient(self, x, upstream, quantizer):
        return upstream * ((x > -1) & (x < 0.75))


def test_gradient_of_the_step_is_the_published_one():
    """https://arxiv.org/abs/1902.08153, eq. 3, with its scale 1 / sqrt(N Q_P); element by element."""
    step, values = 0.5, [-3.0, -1.0, -0.8, -0.3, 0.0, 0.2, 0.26, 0.49, 0.5, 2.0]
    upstream = np.arange(1.0, 11.0)
    slopes = []
    for value in values:
        v = value / step
        slopes.append(-2 if v <= -2 else 1 if v >= 1 else np.rint(v) - v)
    x, variable = tf.constant(values, tf.float64), tf.Variable(step, dtype=tf.float64)
    with tf.GradientTape() as tape:
        quantized = lsq(x, variable, bits=2)
    actual = tape.gradient(quantized, variable, tf.constant(upstream))
    assert float(actual) == pytest.approx(np.dot(upstream, slopes) / np.sqrt(10 * 1))


def slope_of_the_step(quantizer, x):
    quantizer(x, training=True)
    with tf.GradientTape() as tape:
        outputs = tf.reduce_sum(quantizer(x, training=True))
    return float(tape.gradient(outputs, quantizer.step))


@pytest.mark.parametrize(
    ("config", "built_for", "features"),
    [
        ({}, (6, 5, 4), 120),
        ({}, (None, 5, 4), 20),
        ({"signed": False}, (6, 5, 4), 20),
        ({"has_batch": True}, (6, 5, 4), 20),
        ({"has_batch": False}, (None, 5, 4), 120),
    ],
)
def test_a_batch_does_not_count_among_the_features(config, built_for, features):
    """N of the scale 1 / sqrt(N Q_P): the weights of a layer, or the features of a sample (section 2.2)."""
    quantizer = LSQ(bits=2, step=1.0, **config)
    quantizer.build(built_for)
    highest = 1 if quantizer.signed else 3
    x = tf.fill((6, 5, 4), 10.0)
    assert slope_of_the_step(quantizer, x) == pytest.approx(120 * highest / np.sqrt(features * highest))


def test_as_input_quantizer_it_counts_the_features_of_a_sample():
    layer = lq.layers.QuantDense(3, input_quantizer=LSQ(), kernel_quantizer=LSQ())
    keras.Sequential([keras.Input((4,)), layer])
    x = tf.fill((4, 4), 10.0)  # half of the measured step: -1/2 for each element, by sqrt(4) and sqrt(16)
    assert [slope_of_the_step(each, x) for each in (layer.input_quantizer, layer.kernel_quantizer)] == [-4, -2]


@pytest.mark.parametrize(("bits", "signed", "highest"), [(2, True, 1), (4, True, 7), (2, False, 3), (8, False, 255)])
def test_step_begins_with_the_first_training_step(bits, signed, highest):
    rng = np.random.default_rng(0)
    quantizer, first, second = LSQ(bits, signed), *rng.normal(0, [[0.1], [5.0]], (2, 1000)).astype(np.float32)
    expected = 2 * np.abs(first).mean() / np.sqrt(highest)
    quantizer(first)
    assert quantizer.step.numpy() == 0  # inference stores nothing
    quantizer(first, training=True)
    assert quantizer.step.numpy() == pytest.approx(expected)
    quantizer(second, training=True)
    assert quantizer.step.numpy() == pytest.approx(expected)


def test_step_is_kept_in_full_in_mixed_precision():
    quantizer = LSQ(step=0.1, dtype="mixed_bfloat16")
    quantizer(tf.ones(4, tf.bfloat16), training=True)
    assert quantizer.step.numpy() == np.float32(0.1)


def test_step_is_measured_again_where_training_drove_it_to_zero():
    model = keras.Sequential([keras.Input((4,)), LSQ(signed=False, step=0.1)])
    model.compile(keras.optimizers.SGD(100.0), "mse")
    x = np.abs(np.random.default_rng(0).normal(size=(8, 4)))
    model.fit(x, -100 * x, verbose=0)
    assert model.layers[0].step.numpy() == 0
    assert np.all(np.isfinite(model(x)))
    model.train_on_batch(x, model(x))
    assert model.layers[0].step.numpy() > 0


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_a_kernel_trains_to_the_step_of_least_error(bits):
    """By gradient descent on the squared error of normal weights, near the optimum of a search."""
    w = tf.constant(np.random.default_rng(0).normal(size=2000), tf.float32)
    quantizer, optimizer = LSQ(bits), keras.optimizers.Adam(0.01)
    quantizer(w, training=True)

    @tf.function
    def descend():
        with tf.GradientTape() as tape:
            error = tf.reduce_mean((quantizer(w, training=True) - w) ** 2)
        optimizer.apply_gradients([(tape.gradient(error, quantizer.step), quantizer.step)])
        return error

    reached = [float(descend()) for _ in range(300)][-1]
    steps = tf.constant(np.linspace(0.01, 2, 400), tf.float32)
    best = min(float(tf.reduce_mean((lsq(w, step, bits) - w) ** 2)) for step in steps)
    assert reached <= 1.1 * best


def test_kernel_and_inputs_have_a_step_each():
    layer = lq.layers.QuantConv2D(4, 3, input_quantizer=LSQ(signed=False), kernel_quantizer="lsq")
    layer(np.ones((1, 5, 5, 3), np.float32), training=True)
    assert [weight.name.split("/")[-1] for weight in layer.trainable_weights].count("step:0") == 2


def test_zeros_stay_zeros():
    np.testing.assert_array_equal(LSQ()(np.zeros(6, np.float32), training=True), 0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"bits": 1}, "bits must be from 2 to 8, but is 1"),
        ({"step": 0.0}, "step must be positive, but is 0.0"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=f"LSQ: {message}"):
        LSQ(**config)

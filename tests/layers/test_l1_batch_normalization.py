from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import L1BatchNormalization
from tests.support.layer_contract import LayerContract
from tests.support.lce import converted, lce_outputs, operators


class TestL1BatchNormalization(LayerContract):
    layer = L1BatchNormalization
    config: ClassVar[dict[str, Any]] = {"backward": "signs", "momentum": 0.9}
    operators: ClassVar = {"MUL": 1, "ADD": 1}
    tolerance = 1e-6

    def network(self):
        model = super().network()
        layer = model.layers[0]
        layer.moving_deviation.assign(np.abs(layer.moving_deviation) + 0.1)
        return model

    def forward(self, x, layer):
        beta, mean, deviation = (weight.astype(np.float64) for weight in layer.get_weights())
        return (x - mean) / (deviation + 1e-3) + beta


def statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = x.mean((0, 1, 2))
    return mean, np.abs(x - mean).mean((0, 1, 2))


def trained(backward: str, x: np.ndarray, upstream: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outputs in training, and the gradient of the inputs."""
    layer, inputs = L1BatchNormalization(backward, epsilon=1e-9, dtype="float64"), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
    return outputs.numpy(), tape.gradient(outputs, inputs, output_gradients=tf.constant(upstream)).numpy()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), spread=st.floats(0.1, 30))
def test_gradients_are_those_derived_in_numpy(seed, spread):
    rng = np.random.default_rng(seed)
    x, upstream = rng.normal(2, spread, (3, 4, 5, 2)), rng.normal(size=(3, 4, 5, 2))
    mean, deviation = statistics(x)
    y, v, axes = (x - mean) / deviation, upstream / deviation, (0, 1, 2)
    sign = np.sign(y)

    outputs, exact = trained("exact", x, upstream)
    np.testing.assert_allclose(outputs, y, rtol=1e-4, atol=1e-4)
    expected = v - v.mean(axes) - (sign - sign.mean(axes)) * (v * y).mean(axes)
    np.testing.assert_allclose(exact, expected, rtol=1e-3, atol=1e-4 / spread)

    _, by_signs = trained("signs", x, upstream)
    expected = v - v.mean(axes) - sign * (v * sign * np.abs(y).mean(axes)).mean(axes)
    np.testing.assert_allclose(by_signs, expected, rtol=1e-3, atol=1e-4 / spread)
    assert np.sum(exact * by_signs) > 0  # a direction that descends


def test_both_gradients_are_one_where_all_deviations_are_equal():
    """Half of the values one below the mean and half one above it: the signs then say all there is."""
    x = np.tile([-1.0, 1.0], 12).reshape(2, 3, 4, 1)
    upstream = np.random.default_rng(0).normal(size=x.shape)
    np.testing.assert_allclose(*(trained(backward, x, upstream)[1] for backward in ("exact", "signs")), atol=1e-6)


def test_moving_averages_follow_the_batches():
    layer, rng = L1BatchNormalization(momentum=0.75), np.random.default_rng(0)
    mean, deviation = np.zeros(2), np.ones(2)
    for _ in range(4):
        x = rng.normal(3, 2, (8, 3, 3, 2)).astype(np.float32)
        layer(x, training=True)
        batch = statistics(x.astype(np.float64))
        mean, deviation = 0.75 * mean + 0.25 * batch[0], 0.75 * deviation + 0.25 * batch[1]
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_deviation, deviation, rtol=1e-5)
    layer(x)
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)


def test_frozen_it_neither_learns_nor_counts():
    layer, x = L1BatchNormalization(trainable=False), np.random.default_rng(0).normal(5, 2, (8, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer(x, training=True), layer(x))
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(3))


def test_folds_into_a_binary_convolution():
    conv = lq.layers.QuantConv2D(4, 3, input_quantizer="ste_sign", kernel_quantizer="xnor_sign", use_bias=False)
    norm = L1BatchNormalization()
    model = keras.Sequential([keras.Input((6, 6, 8)), conv, norm])
    x = np.random.default_rng(0).normal(size=(16, 6, 6, 8)).astype(np.float32)
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((16, 4, 4, 4)), epochs=2, verbose=0)
    flatbuffer = converted(model)
    assert operators(flatbuffer) == {"LceQuantize": 1, "LceBconv2d": 1}
    np.testing.assert_allclose(lce_outputs(flatbuffer, x), model(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"backward": "l1"}, 'backward must be "exact" or "signs", but is \'l1\''),
        ({"momentum": 1}, "momentum must be from 0 to below 1, but is 1"),
        ({"epsilon": 0}, "epsilon must be positive, but is 0"),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        L1BatchNormalization(**config)


def test_refuses_other_channels_than_it_was_built_for():
    layer = L1BatchNormalization()
    layer(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"expected axis -1 .* to have value 4"):
        layer(np.ones((2, 5)))
    with pytest.raises(ValueError, match=r"needs inputs of shape \[..., channels\] with known channels"):
        L1BatchNormalization()(keras.Input((None,)))

"""A binary layer whose input cannot change is pointed out, by bounds that hold for every input of the network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.deploy.audit.constant_inputs import constant_inputs
from larq_focal.deploy.audit.intent import layer_names
from larq_focal.deploy.conversion.freeze import freeze
from larq_focal.deploy.conversion.intervals import Intervals
from larq_focal.deploy.conversion.keras_models import convert_by_lce as convert
from larq_focal.keras import keras, larq, tf
from tests.deploy.networks import Times, convolution, network, positive

layers = keras.layers


def function(call) -> layers.Layer:
    return layers.Lambda(call)


def normalisation(beta: float, gamma: float = 1.0) -> layers.Layer:
    constant = keras.initializers.Constant
    return layers.BatchNormalization(beta_initializer=constant(beta), gamma_initializer=constant(gamma))


CONSTANT = {
    "relu": lambda: [layers.ReLU()],
    "relu6": lambda: [layers.ReLU(6)],
    "sigmoid": lambda: [layers.Activation("sigmoid")],
    "hard_sigmoid": lambda: [layers.Activation("hard_sigmoid")],
    "softmax": lambda: [layers.Softmax()],
    "softplus": lambda: [layers.Activation("softplus")],
    "exponential": lambda: [layers.Activation("exponential")],
    "square": lambda: [function(tf.square)],
    "product_with_itself": lambda: [function(lambda x: x * x)],
    "abs": lambda: [function(tf.abs)],
    "of_a_layer": lambda: [layers.Conv2D(32, 3, activation="relu")],
    "max_pool": lambda: [layers.ReLU(), layers.MaxPooling2D(2)],
    "average_pool": lambda: [layers.ReLU(), layers.AveragePooling2D(2)],
    "zero_border": lambda: [layers.ReLU(), layers.ZeroPadding2D(1)],
    "new_channels": lambda: [
        layers.Conv2D(16, 3, activation="relu"),
        function(lambda x: tf.pad(x, [[0, 0], [0, 0], [0, 0], [8, 8]])),
        normalisation(0.5),
    ],
    "upsampled": lambda: [layers.ReLU(), layers.UpSampling2D(2)],
    "reshaped": lambda: [layers.ReLU(), layers.Reshape((4, 16, 32))],
    "scaled": lambda: [layers.ReLU(), Times(positive(32))],
    "normalised": lambda: [layers.ReLU(), normalisation(0.5)],
    "dropout": lambda: [layers.ReLU(), layers.Dropout(0.5)],
    "negative": lambda: [function(lambda x: -tf.nn.relu(x) - 0.5)],
    "sum_of_few_signs": lambda: [convolution(use_bias=True, bias_initializer="zeros"), function(lambda x: x + 289.0)],
    "constant_planes": lambda: [function(lambda x: 0 * x + np.float32([1, -1] * 16))],
    "sum": lambda: [function(lambda x: tf.nn.relu(x) + tf.sigmoid(x))],
    "concatenated": lambda: [function(lambda x: tf.concat([tf.nn.relu(x[..., :16]), tf.abs(x[..., 16:])], -1))],
}
VARYING = {
    "nothing": list,
    "leaky_relu": lambda: [layers.LeakyReLU()],
    "tanh": lambda: [layers.Activation("tanh")],
    "negated_relu": lambda: [function(lambda x: -tf.nn.relu(x))],
    "normalised": lambda: [layers.ReLU(), normalisation(-0.5)],
    "negative_scale": lambda: [layers.ReLU(), normalisation(0.5, -1.0)],
    "shifted_sigmoid": lambda: [function(lambda x: tf.sigmoid(x) - 0.5)],
    "difference": lambda: [function(lambda x: tf.nn.relu(x) - tf.nn.relu(-x))],
    "sum_of_signs": lambda: [convolution(), function(lambda x: x + 287.0)],
    "some_channels": lambda: [function(lambda x: tf.concat([tf.nn.relu(x[..., :16]), x[..., 16:]], -1))],
}


def found(model: keras.Model) -> list:
    return list(constant_inputs(freeze(model), layer_names(model)))


@pytest.mark.parametrize("quantizer", ["ste_sign", "approx_sign"])
@pytest.mark.parametrize("name", CONSTANT)
def test_what_cannot_change_is_found(name, quantizer):
    model = network(*CONSTANT[name](), convolution(quantizer, name="last"))
    (finding,) = found(model)
    assert (finding.fault, finding.severity, finding.layer) == ("constant-input", "warning", "last")


@pytest.mark.parametrize("name", VARYING)
def test_what_can_change_is_not(name):
    assert not found(network(*VARYING[name](), convolution(name="last")))


@pytest.mark.parametrize("name", CONSTANT)
def test_the_output_is_the_same_for_every_input(name):
    """What is claimed, seen on the model itself."""
    model = network(*CONSTANT[name](), convolution(name="last"))
    x = 10 * np.random.default_rng(0).normal(size=(6, 8, 8, 32)).astype(np.float32)
    outputs = model(x).numpy()
    np.testing.assert_array_equal(outputs, np.broadcast_to(outputs[:1], outputs.shape))


def test_it_is_told_with_the_conversion_and_following_it_removes_it(tmp_path):
    with_relu = network(layers.ReLU(), convolution())
    (finding,) = convert(with_relu, tmp_path / "model.tflite", strict=True).audit.findings
    assert finding.fault == "constant-input" and "always +1" in finding.message
    assert finding.fix.startswith("Take away the activation")
    assert not convert(network(convolution()), tmp_path / "model.tflite").audit.findings
    assert not convert(network(convolution(), layers.ReLU()), tmp_path / "model.tflite").audit.findings


def test_what_follows_from_it_is_named_with_it_and_gets_no_advice_of_its_own():
    for *last, name in (convolution(name="second"), "second"), (layers.Flatten(), layers.Dense(2, name="end"), "end"):
        stack = layers.ReLU(), convolution(name="first"), layers.BatchNormalization(), *last
        (finding,) = found(network(*stack))
        assert finding.layer == "first" and finding.message.endswith(f"nor do the layers behind it: {name}.")


def test_other_layers_and_other_thresholds():
    bits = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign"}
    stack = layers.ReLU(), layers.Flatten(), larq.layers.QuantDense(4, **bits, name="dense")
    assert [finding.layer for finding in found(network(*stack))] == ["dense"]
    above = convolution(lambda x: tf.where(x >= 0.5, tf.ones_like(x), -tf.ones_like(x)))
    assert not found(network(layers.ReLU(), above))


STEPS = {
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "sigmoid": tf.sigmoid,
    "tanh": tf.tanh,
    "elu": tf.nn.elu,
    "leaky": tf.nn.leaky_relu,
    "softsign": tf.nn.softsign,
    "softmax": tf.nn.softmax,
    "abs": tf.abs,
    "square": tf.square,
    "negative": tf.negative,
    "sign": tf.sign,
    "round": tf.round,
    "clip": lambda x: tf.clip_by_value(x, -0.3, 0.7),
    "affine": lambda x: x * np.float32([1, -2, 0.5, 0]) + np.float32([0.1, 0, -3, 1]),
    "quotient": lambda x: x / (1 + tf.abs(x)),
    "product": lambda x: x * tf.sigmoid(x),
    "where": lambda x: tf.where(x > 0.2, x, tf.minimum(x, -0.1)),
    "mask": lambda x: tf.cast((x >= 0) & ~(x > 1), tf.float32),
    "pool": lambda x: tf.nn.max_pool2d(x, 2, 1, "SAME"),
    "average": lambda x: tf.nn.avg_pool2d(x, 2, 1, "SAME"),
    "mean": lambda x: x - tf.reduce_mean(x, [1, 2], keepdims=True),
    "pad": lambda x: tf.pad(x, [[0, 0], [1, 1], [0, 0], [0, 0]], constant_values=0.25),
    "join": lambda x: tf.concat([x[..., :2], 2 * x[..., 2:]], -1),
    "convolve": lambda x: tf.nn.conv2d(x, np.linspace(-1, 1, 64, dtype=np.float32).reshape(2, 2, 4, 4), 1, "SAME"),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=5), st.integers(0, 99))
def test_values_lie_within_their_bounds(steps, seed):
    image = layers.Input((4, 4, 4))
    x = image
    for step in steps:
        x = layers.Lambda(STEPS[step])(x)
    model = keras.Model(image, x)
    frozen = freeze(model)
    (output,) = frozen.outputs.values()
    bounds = Intervals(frozen)[output.name]
    values = model(3 * np.random.default_rng(seed).normal(size=(8, 4, 4, 4)).astype(np.float32)).numpy()
    slack = 1e-5 * np.abs(values).max()
    assert np.all(values >= bounds.low - slack) and np.all(values <= bounds.high + slack)

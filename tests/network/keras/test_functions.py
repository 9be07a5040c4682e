"""Lambda layers and TensorFlow operations between layers are read by what they compute."""

import numpy as np
import pytest

from larq_focal.keras import keras, tf
from larq_focal.network import ops
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from tests.network.models import assert_read, model_of

IMAGE = (6, 8, 4)
CHANNELS = np.array([0.5, -1, 2, 3], np.float32)

FUNCTIONS = {
    "identity": lambda x: x,
    "stop gradient": tf.stop_gradient,
    "add a number": lambda x: x + 1.5,
    "add from the left": lambda x: 1.5 + x,
    "subtract": lambda x: x - 0.3,
    "subtract from": lambda x: 0.3 - x,
    "multiply": lambda x: x * 0.7,
    "divide": lambda x: x / 3.0,
    "negate": lambda x: -x,
    "per channel": lambda x: x * tf.constant(CHANNELS) - CHANNELS,
    "per channel with axes": lambda x: x * CHANNELS.reshape(1, 1, 1, 4),
    "per row": lambda x: x * np.arange(6, dtype=np.float32).reshape(6, 1, 1),
    "clip": lambda x: tf.clip_by_value(x, -0.2, 0.5),
    "minimum of maximum": lambda x: tf.minimum(tf.maximum(x, 0.1), 0.4),
    "limits that cross": lambda x: tf.maximum(tf.minimum(x, 0.1), 0.4) + x,
    "relu": tf.nn.relu,
    "relu6": lambda x: tf.nn.relu6(4 * x),
    "leaky relu": lambda x: tf.nn.leaky_relu(x, 0.1),
    "tanh of sigmoid": lambda x: tf.tanh(tf.sigmoid(x)),
    "softmax": tf.nn.softmax,
    "abs and square": lambda x: tf.abs(x) + tf.square(x),
    "floor": lambda x: tf.floor(4 * x),
    "swish": tf.nn.silu,
    "threshold": lambda x: tf.where(x >= 0.25, 1.0, -1.0),
    "thresholds per channel": lambda x: tf.where(x >= CHANNELS / 4, 1.0, -1.0),
    "thresholds per pixel": lambda x: tf.where(x >= np.linspace(-1, 1, 192).reshape(1, 6, 8, 4), 1.0, -1.0),
    "threshold from the left": lambda x: tf.where(tf.less(0.25, x), 1.0, 0.0),
    "below a threshold": lambda x: tf.where(x <= 0.25, 1.0, -1.0),
    "the lower number where true": lambda x: tf.where(x < 0.25, -0.5, 2.0),
    "comparison of values": lambda x: tf.where(x[:, :, 1:] > x[:, :, :-1], 1.0, -1.0),
    "itself twice": lambda x: x + x,
    "difference of values": lambda x: tf.nn.relu(x) - tf.abs(x),
    "slice": lambda x: x[:, 1:, ::2, :-1],
    "slice backwards": lambda x: x[:, ::-1, :, 1],
    "slice with ellipsis": lambda x: x[..., 1:3],
    "slice with a new axis": lambda x: x[:, :, 2, tf.newaxis, :],
    "tf.slice of splits": lambda x: tf.concat(tf.split(x, 2, axis=-1)[::-1], axis=3),
    "uneven split": lambda x: tf.split(x, [1, 5, 2], axis=2)[1],
    "concatenate rows": lambda x: tf.concat([x, 2 * x], axis=1),
    "pad": lambda x: tf.pad(x, [[0, 0], [1, 0], [2, 1], [0, 0]]),
    "pad channels with ones": lambda x: tf.pad(x, [[0, 0], [0, 0], [0, 0], [3, 0]], constant_values=1.0),
    "reshape": lambda x: tf.reshape(x, (-1, 12, 16)),
    "reshape by the batch": lambda x: tf.reshape(x, (tf.shape(x)[0], 192)),
    "squeeze and expand": lambda x: tf.squeeze(tf.expand_dims(x, 1), 1),
    "max pool": lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME"),
    "average pool": lambda x: tf.nn.avg_pool2d(x, 3, 1, "VALID"),
    "mean": lambda x: tf.reduce_mean(x, [1, 2]),
    "largest": lambda x: tf.reduce_max(x, [-3, -2], keepdims=True),
    "cast": lambda x: tf.cast(tf.cast(x, tf.float64), tf.float32),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_lambda_layers(name):
    assert_read(model_of(IMAGE, keras.layers.Lambda(FUNCTIONS[name])))


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "reshape by the batch"])
def test_operations_between_layers(name):
    image = keras.Input(IMAGE)
    assert_read(keras.Model(image, FUNCTIONS[name](image)))


def test_arithmetic_with_the_batch_between_layers_is_unknown():
    image = keras.Input(IMAGE)
    graph = from_keras(keras.Model(image, FUNCTIONS["reshape by the batch"](image)))
    assert any(op.origin.startswith("tf.reshape") for op in graph.unknown)
    assert graph[graph.outputs[0]].shape == (192,)


def test_activation_functions():
    assert_read(model_of(IMAGE, keras.layers.Conv2D(3, 3, activation=lambda x: tf.minimum(x, 0.2) * 2)))


@pytest.mark.parametrize(
    ("function", "threshold", "flip"),
    [
        (lambda x: x >= 0.5, 0.5, False),
        (lambda x: x > 0.5, np.nextafter(np.float32(0.5), np.float32(1)), False),
        (lambda x: tf.greater_equal(0.5, x), 0.5, True),
        (lambda x: x < 0.5, np.nextafter(np.float32(0.5), np.float32(0)), True),
    ],
)
def test_choices_between_signs_are_one_threshold(function, threshold, flip):
    """With the threshold itself on the side where Keras has it."""
    sign = keras.layers.Lambda(lambda x: tf.where(function(x), 1.0, -1.0))
    graph = from_keras(keras.Sequential([keras.Input((3,)), sign]))
    op = graph[graph.outputs[0]]
    assert len(graph) == 2
    assert (op.threshold, op.flip is not None) == (threshold, flip)
    x = np.float32([[np.nextafter(np.float32(0.5), np.float32(side)) for side in (0, 0.5, 1)]])
    np.testing.assert_array_equal(interpret(graph, x)[op.name], sign(x))


@pytest.mark.parametrize(
    ("function", "kind", "limits"),
    [
        (lambda x: tf.clip_by_value(x, -1, 1), "relu_n1_to_1", None),
        (lambda x: tf.clip_by_value(x, 0.0, 6.0), "relu6", None),
        (lambda x: tf.maximum(x, 0), "relu", None),
        (lambda x: tf.minimum(x, 3), "clip", [-np.inf, 3]),
        (lambda x: tf.clip_by_value(tf.clip_by_value(x, -5, 1), -3, 4), "clip", [-3, 1]),
    ],
)
def test_limits_are_one_operation(function, kind, limits):
    graph = from_keras(model_of(IMAGE, keras.layers.Lambda(function)))
    op = graph[graph.outputs[0]]
    assert len(graph) == 2
    assert (op.kind, None if op.alpha is None else op.alpha.tolist()) == (kind, limits)


def test_several_results_and_arguments():
    image = keras.Input(IMAGE)
    parts = keras.layers.Lambda(lambda x, count: tf.split(x, count, axis=-1), arguments={"count": 4})(image)
    merged = keras.layers.Lambda(lambda pair: pair[0] - 2 * pair[1])([parts[3], parts[0]])
    graph = assert_read(keras.Model(image, [merged, parts[1]]))
    assert [type(op) for op in graph].count(ops.Slice) == 4


class Scaled(keras.layers.Layer):
    """A custom layer without weights."""

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, first, second, offset=0.0):
        return self.factor * first + second + offset


def test_custom_layers_without_weights():
    a, b = keras.Input(IMAGE, name="a"), keras.Input(IMAGE, name="b")
    assert_read(keras.Model([a, b], Scaled(3.0)(b, a, offset=0.25)))
    assert_read(keras.Model([a, b], Scaled(3.0)(a, second=b)))


class Rescale(keras.layers.Layer):
    """Scales that a network learns per row and per channel, as in XNOR-Net++ (https://arxiv.org/abs/1909.13863)."""

    def build(self, shape):
        self.rows = self.add_weight("rows", (shape[1], 1, 1))
        self.channels = self.add_weight("channels", (shape[-1],))

    def call(self, x):
        return x * tf.exp(self.rows * self.channels) - self.channels


def test_custom_layers_with_weights():
    graph = assert_read(model_of(IMAGE, Rescale()))
    assert [type(op) for op in graph] == [ops.Input, ops.Affine, ops.Affine]


class StandardisedConv2D(keras.layers.Conv2D):
    def convolution_op(self, inputs, kernel):
        return super().convolution_op(inputs, kernel - tf.reduce_mean(kernel))


def test_layers_that_change_their_base_are_not_taken_for_it():
    (unknown,) = from_keras(model_of(IMAGE, StandardisedConv2D(4, 3))).unknown
    assert unknown.kind == "StandardisedConv2D (Conv2D)"


class RenamedConv2D(keras.layers.Conv2D):
    """A subclass that computes what its base does."""

    def __init__(self, *args, note="", **kwargs):
        super().__init__(*args, **kwargs)
        self.note = note


def test_subclasses_that_change_nothing_are_read():
    assert_read(model_of(IMAGE, RenamedConv2D(4, 3, note="mine")))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: tf.cumsum(x, axis=1), "Cumsum"),
        (lambda x: tf.reduce_mean(x, axis=-1), "Mean over other axes"),
        (lambda x: x / tf.reduce_max(x, (1, 2), keepdims=True), "quotient of two values"),
        (lambda x: tf.maximum(x, CHANNELS), "limit that is not a number"),
        (lambda x: tf.maximum(x, -x), "computed operand"),
        (lambda x: tf.cast(x > 0, tf.float32), "Cast"),
        (lambda x: tf.reshape(x, (-1, 4)), "reshape of the batch"),
        (lambda x: tf.concat([x, x], 0), "over the batch"),
        (lambda x: x[:1], "slice of the batch"),
        (lambda x: tf.image.resize(x, (3, 4)), "ResizeBilinear"),
        (lambda x: x * tf.reduce_mean(x), "Mean over other axes"),
        (lambda x: tf.transpose(x, (0, 2, 1, 3)), "Transpose"),
        (lambda x: x + tf.random.normal((4,)), "RandomStandardNormal"),
    ],
)
def test_operations_that_are_not_understood_are_named(function, reason):
    graph = from_keras(model_of(IMAGE, keras.layers.Lambda(function), keras.layers.Lambda(tf.nn.relu)))
    (unknown,) = graph.unknown
    assert unknown.kind.startswith("Lambda (")
    assert reason in unknown.kind
    assert [type(op) for op in graph] == [ops.Input, ops.Unknown, ops.Activation]

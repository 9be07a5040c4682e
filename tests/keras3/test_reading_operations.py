"""Functions of ``keras.ops`` between layers, in Lambda layers and in users' layers are read by what they compute."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops as K

from larq_focal.network import ops
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from tests.keras3.models import assert_read, model_of, randomised

IMAGE = (6, 8, 4)
CHANNELS = np.array([0.5, -1, 2, 3], np.float32)
ON_TORCH = keras.backend.backend() == "torch"

FUNCTIONS = {
    "identity": lambda x: x,
    "stop gradient": K.stop_gradient,
    "add a number": lambda x: x + 1.5,
    "add from the left": lambda x: 1.5 + x,
    "subtract": lambda x: x - 0.3,
    "subtract from": lambda x: 0.3 - x,
    "multiply": lambda x: x * 0.7,
    "divide": lambda x: x / 3.0,
    "negate": lambda x: -x,
    "per channel": lambda x: x * CHANNELS - CHANNELS,
    "per row": lambda x: x * np.arange(6, dtype=np.float32).reshape(1, 6, 1, 1),
    "clip": lambda x: K.clip(x, -0.2, 0.5),
    "minimum of maximum": lambda x: K.minimum(K.maximum(x, 0.1), 0.4),
    "limits from the left": lambda x: K.maximum(0.1, x),
    "limits that cross": lambda x: K.maximum(K.minimum(x, 0.1), 0.4) + x,
    "relu": K.relu,
    "relu6": lambda x: K.relu6(4 * x),
    "leaky relu": lambda x: K.leaky_relu(x, 0.1),
    "tanh of sigmoid": lambda x: K.tanh(K.sigmoid(x)),
    "softmax": K.softmax,
    "abs and square": lambda x: K.abs(x) + K.square(x),
    "power": lambda x: x**2,
    "floor": lambda x: K.floor(4 * x),
    "swish": K.silu,
    "hard swish": K.hard_silu,
    "threshold": lambda x: K.where(x >= 0.25, 1.0, -1.0),
    "thresholds per channel": lambda x: K.where(x >= CHANNELS / 4, 1.0, -1.0),
    "thresholds per pixel": lambda x: K.where(
        x >= np.linspace(-1, 1, 192).reshape(1, 6, 8, 4).astype(np.float32), 1.0, -1.0
    ),
    "threshold from the left": lambda x: K.where(K.less(0.25, x), 1.0, 0.0),
    "choice of filled tensors": lambda x: K.where(x >= 0, K.ones_like(x), -K.ones_like(x)),
    "below a threshold": lambda x: K.where(x <= 0.25, 1.0, -1.0),
    "the lower number where true": lambda x: K.where(x < 0.25, -0.5, 2.0),
    "truth as a number": lambda x: K.cast(x > 0.2, "float32") * 3,
    "sign": lambda x: K.sign(K.relu(x) - K.relu(-x - 0.3)),
    "comparison of values": lambda x: K.where(x[:, :, 1:] > x[:, :, :-1], 1.0, -1.0),
    "itself twice": lambda x: x + x,
    "difference of values": lambda x: K.relu(x) - K.abs(x),
    "slice": lambda x: x[:, 1:, ::2, :-1],
    "slice with ellipsis": lambda x: x[..., 1:3],
    "slice with a new axis": lambda x: x[:, :, 2, None, :],
    "splits": lambda x: K.concatenate(K.split(x, 2, axis=-1)[::-1], axis=3),
    "uneven split": lambda x: K.split(x, [1, 6], axis=2)[1],
    "pad": lambda x: K.pad(x, ((0, 0), (1, 0), (2, 1), (0, 0))),
    "pad channels with ones": lambda x: K.pad(x, ((0, 0), (0, 0), (0, 0), (3, 0)), constant_values=1.0),
    "reshape": lambda x: K.reshape(x, (-1, 12, 16)),
    "squeeze and expand": lambda x: K.squeeze(K.expand_dims(x, 1), 1),
    "max pool": lambda x: K.max_pool(x, 2, 2, "same"),
    "average pool": lambda x: K.average_pool(x, 3, 1, "valid"),
    "mean": lambda x: K.mean(x, axis=(1, 2)),
    "largest": lambda x: K.max(x, axis=(-3, -2), keepdims=True),
    "cast": lambda x: K.cast(K.cast(x, "float16"), "float32") * 0 + x,
    "matrix product": lambda x: K.matmul(x, np.arange(12, dtype=np.float32).reshape(4, 3) / 4),
    "product of values": lambda x: K.einsum("bhwc,bhvc->bhwv", x, K.relu(x)),
    "convolution": lambda x: K.conv(x, np.linspace(-1, 1, 180).reshape(3, 3, 4, 5).astype(np.float32), padding="same"),
    "depthwise convolution": lambda x: K.depthwise_conv(
        x, np.linspace(-1, 1, 72).reshape(3, 3, 4, 2).astype(np.float32), strides=2
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations_between_layers(name):
    image = keras.Input(IMAGE)
    assert_read(keras.Model(image, FUNCTIONS[name](image)))


@pytest.mark.parametrize("name", sorted(FUNCTIONS)[::5])
def test_lambda_layers(name):
    assert_read(model_of(IMAGE, keras.layers.Lambda(FUNCTIONS[name])))


def sign(x):
    return K.where(x >= 0, 1.0, -1.0)


def through(y, value):
    """``value``, with the gradient of ``y``."""
    return y + K.stop_gradient(value - y)


PSEUDO_GRADIENTS = {
    "stopped difference": lambda x: K.stop_gradient(sign(x)) + (x - K.stop_gradient(x)),
    "difference first": lambda x: (x - K.stop_gradient(x)) + sign(x),
    "with a slope": lambda x: sign(x) + (x - K.stop_gradient(x)) * K.stop_gradient(K.cast(K.abs(x) < 1, x.dtype)),
    "value less x": lambda x: x + K.stop_gradient(sign(x) - x),
    "through another function": lambda x: through(K.tanh(x), sign(x)),
}


@pytest.mark.parametrize("place", ["between layers", "in a layer"])
@pytest.mark.parametrize("name", PSEUDO_GRADIENTS)
def test_a_pseudo_gradient_leaves_one_sign(name, place):
    function, image = PSEUDO_GRADIENTS[name], keras.Input(IMAGE)
    model = keras.Model(image, function(image) if place == "between layers" else keras.layers.Lambda(function)(image))
    graph = from_keras(model)
    assert [type(op) for op in graph] == [ops.Input, ops.Binarize]


def test_a_sum_that_only_looks_like_a_pseudo_gradient_is_a_sum():
    image = keras.Input(IMAGE)
    assert_read(keras.Model(image, sign(image) + (image - K.stop_gradient(K.tanh(image)))))
    assert_read(keras.Model(image, image + (sign(image) - K.tanh(image))))


@pytest.mark.parametrize(
    ("function", "threshold", "flip"),
    [
        (lambda x: x >= 0.5, 0.5, False),
        (lambda x: x > 0.5, np.nextafter(np.float32(0.5), np.float32(1)), False),
        (lambda x: K.greater_equal(0.5, x), 0.5, True),
        (lambda x: x < 0.5, np.nextafter(np.float32(0.5), np.float32(0)), True),
    ],
)
def test_choices_between_signs_are_one_threshold(function, threshold, flip):
    """With the threshold itself on the side where Keras has it."""
    image = keras.Input((3,))
    model = keras.Model(image, K.where(function(image), 1.0, -1.0))
    graph = from_keras(model)
    op = graph[graph.outputs[0]]
    assert len(graph) == 2
    assert (op.threshold, op.flip is not None) == (threshold, flip)
    x = np.float32([[np.nextafter(np.float32(0.5), np.float32(side)) for side in (0, 0.5, 1)]])
    np.testing.assert_array_equal(interpret(graph, x)[op.name], K.convert_to_numpy(model(K.convert_to_tensor(x))))


@pytest.mark.parametrize(
    ("function", "kind", "limits"),
    [
        (lambda x: K.clip(x, -1, 1), "relu_n1_to_1", None),
        (lambda x: K.clip(x, 0.0, 6.0), "relu6", None),
        (lambda x: K.maximum(x, 0), "relu", None),
        (lambda x: K.minimum(x, 3), "clip", [-np.inf, 3]),
        (lambda x: K.clip(K.clip(x, -5, 1), -3, 4), "clip", [-3, 1]),
    ],
)
def test_limits_are_one_operation(function, kind, limits):
    image = keras.Input(IMAGE)
    graph = from_keras(keras.Model(image, function(image)))
    op = graph[graph.outputs[0]]
    assert len(graph) == 2
    assert (op.kind, None if op.alpha is None else op.alpha.tolist()) == (kind, limits)


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (K.exp, "Exp"),
        (lambda x: K.cast(x, "int32"), "Cast (Cast to int32)"),
        (lambda x: K.roll(x, 1, axis=1), "Roll"),
        (lambda x: x / K.abs(x), "TrueDivide (a quotient of two values)"),
        (lambda x: K.mean(x, axis=-1), "Mean (Mean over other axes than height and width)"),
        (lambda x: K.concatenate([x, x], axis=0), "Concatenate (an operation over the batch)"),
    ],
)
def test_operations_without_a_counterpart_are_named_and_counted(function, kind):
    image = keras.Input(IMAGE)
    graph = from_keras(keras.Model(image, keras.layers.Rescaling(2.0)(function(image))))
    (unknown,) = graph.unknown
    assert unknown.kind == kind
    assert unknown.is_counted


def test_products_of_unknown_layers_are_counted():
    class Twice(keras.layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(shape[-1], 5))

        def call(self, x):
            return K.exp(K.matmul(x, self.kernel))

    graph = from_keras(model_of(IMAGE, Twice()))
    (unknown,) = graph.unknown
    assert unknown.macs_by_bits == ((32, 32, 6 * 8 * 4 * 5),)
    assert [kernel.size for kernel in unknown.weights] == [20]


class Scaled(keras.layers.Layer):
    """A layer of a user, with a weight and an argument by name."""

    def build(self, *shapes):
        self.factor = self.add_weight(shape=(4,), initializer="ones")

    def call(self, first, second=None, offset=0.0):
        return self.factor * first + second + offset


def test_layers_of_users_are_read_by_what_they_compute():
    a, b = keras.Input(IMAGE, name="a"), keras.Input(IMAGE, name="b")
    assert_read(randomised(keras.Model([a, b], Scaled()(b, second=a, offset=0.25))))


def test_a_layer_in_the_language_of_its_backend_is_unknown():
    class Foreign(keras.layers.Layer):
        def call(self, x):
            if isinstance(x, keras.KerasTensor):
                raise TypeError("not a tensor of the backend")
            return x * 2

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape, x.dtype)

    (unknown,) = from_keras(model_of(IMAGE, Foreign())).unknown
    assert "it cannot be run on symbolic inputs (TypeError: not a tensor of the backend)" in unknown.kind
    assert not unknown.is_counted


def test_several_results_and_arguments():
    image = keras.Input(IMAGE)
    parts = K.split(image, 4, axis=-1)
    graph = assert_read(keras.Model(image, [parts[3] - 2 * parts[0], parts[1]]))
    assert [type(op) for op in graph].count(ops.Slice) == 4


def test_operations_have_the_names_that_keras_gave_them():
    image = keras.Input(IMAGE, name="image")
    model = keras.Model(image, keras.layers.Dense(2, name="last")(K.relu(image + 1)))
    assert [op.name for op in from_keras(model)] == ["image", *(each.name for each in model.operations[1:])]


def test_long_chains_are_read():
    image = keras.Input((3,))
    x = image
    for place in range(150):
        x = K.relu(x) if place % 2 else x + 1.0
    assert len(assert_read(keras.Model(image, x))) == 151

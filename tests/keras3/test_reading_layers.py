"""A graph computes what its layers of Keras 3 compute, for every kind of layer and option."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from larq_focal.network import ops
from larq_focal.network.keras.from_keras import from_keras
from tests.keras3.models import assert_read, model_of

layers = keras.layers
IMAGE, STEPS = (9, 8, 4), (11, 4)
ON_TORCH = keras.backend.backend() == "torch"

IMAGE_LAYERS = {
    "conv valid": lambda: layers.Conv2D(4, 3),
    "conv same": lambda: layers.Conv2D(4, (2, 5), padding="same"),
    "conv strided": lambda: layers.Conv2D(4, 3, strides=2, padding="same"),
    "conv strided 1x1": lambda: layers.Conv2D(4, 1, strides=2, padding="same"),
    "conv dilated": lambda: layers.Conv2D(4, 3, dilation_rate=(2, 1), use_bias=False),
    "conv grouped": lambda: layers.Conv2D(4, 3, groups=2, activation="relu"),
    "depthwise": lambda: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
    "separable": lambda: layers.SeparableConv2D(5, 3, strides=2, padding="same", activation="tanh"),
    "transposed": lambda: layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
    "dense": lambda: layers.Dense(5, activation="sigmoid"),
    "einsum dense": lambda: layers.EinsumDense("abcd,de->abce", output_shape=(None, None, 5), bias_axes="e"),
    "batch norm": lambda: layers.BatchNormalization(),
    "batch norm without scale": lambda: layers.BatchNormalization(scale=False, epsilon=1e-2),
    "batch norm without centre": lambda: layers.BatchNormalization(center=False),
    "layer norm": lambda: layers.LayerNormalization(),
    "layer norm over pixels": lambda: layers.LayerNormalization(axis=[1, 2]),
    "rescaling": lambda: layers.Rescaling(1 / 127.5, offset=-1),
    "normalization": lambda: layers.Normalization(mean=[1, 2, 3, 4], variance=[1, 4, 9, 16]),
    "max pool": lambda: layers.MaxPooling2D(3, strides=2, padding="same"),
    "average pool": lambda: layers.AveragePooling2D((2, 3)),
    "average pool same": lambda: layers.AveragePooling2D(3, strides=1, padding="same"),
    "global average": lambda: layers.GlobalAveragePooling2D(keepdims=True),
    "global max": lambda: layers.GlobalMaxPooling2D(),
    "zero padding": lambda: layers.ZeroPadding2D(((1, 2), (0, 3))),
    "cropping": lambda: layers.Cropping2D(((1, 2), (0, 3))),
    "flatten": lambda: layers.Flatten(),
    "reshape": lambda: layers.Reshape((-1, 4)),
    "relu": lambda: layers.ReLU(),
    "relu6": lambda: layers.ReLU(max_value=6),
    "sloped relu": lambda: layers.ReLU(negative_slope=0.2),
    "leaky relu": lambda: layers.LeakyReLU(0.1),
    "prelu per element": lambda: layers.PReLU(),
    "prelu per channel": lambda: layers.PReLU(shared_axes=[1, 2]),
    "softmax": lambda: layers.Softmax(),
    "dropout": lambda: layers.Dropout(0.5),
    "noise": lambda: layers.GaussianNoise(1.0),
    "augmentation": lambda: layers.RandomFlip(),
    "identity": lambda: layers.Identity(),
    "over time": lambda: layers.TimeDistributed(layers.Dense(3)),
}
ACTIVATIONS = ("hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "relu6", "sigmoid", "silu", "softmax", "tanh")
STEP_LAYERS = {
    "conv causal": lambda: layers.Conv1D(5, 3, padding="causal", dilation_rate=2),
    "conv same": lambda: layers.Conv1D(5, 4, padding="same", strides=2),
    "depthwise": lambda: layers.DepthwiseConv1D(3, depth_multiplier=2),
    "separable": lambda: layers.SeparableConv1D(5, 3, padding="same"),
    "transposed": lambda: layers.Conv1DTranspose(5, 3, strides=2),
    "max pool": lambda: layers.MaxPooling1D(2),
    "average pool": lambda: layers.AveragePooling1D(3, strides=2),
    "global average": lambda: layers.GlobalAveragePooling1D(),
    "zero padding": lambda: layers.ZeroPadding1D((1, 2)),
}
VOLUME_LAYERS = {"conv": lambda: layers.Conv3D(3, 2, padding="same")}


@pytest.mark.parametrize("name", IMAGE_LAYERS)
def test_layers_of_images(name):
    assert_read(model_of(IMAGE, IMAGE_LAYERS[name]()))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    assert_read(model_of(IMAGE, layers.Activation(name)))


@pytest.mark.parametrize("name", STEP_LAYERS)
def test_layers_of_steps(name):
    assert_read(model_of(STEPS, STEP_LAYERS[name]()))


@pytest.mark.parametrize("name", VOLUME_LAYERS)
def test_layers_of_volumes(name):
    assert_read(model_of((4, 5, 6, 2), VOLUME_LAYERS[name]()))


def test_uneven_averages_are_read_where_they_are_averages():
    """torch pads by repeating the border, and counts what it repeats."""
    model = model_of(IMAGE, layers.AveragePooling2D(2, strides=1, padding="same"))
    if ON_TORCH:
        assert [op.is_counted for op in from_keras(model).unknown] == [True]
    else:
        assert_read(model)


@pytest.mark.parametrize("merge", ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"])
def test_merges(merge):
    a, b = keras.Input(IMAGE, name="a"), keras.Input(IMAGE, name="b")
    model = keras.Model([a, b], getattr(layers, merge)()([b, a]))
    if merge in ("Maximum", "Minimum"):
        assert from_keras(model).unknown
    else:
        assert_read(model)


@pytest.mark.parametrize("merge", [layers.Add, layers.Multiply])
def test_a_constant_among_the_inputs_of_a_layer_counts(merge):
    image = keras.Input(IMAGE)
    constant = keras.ops.convert_to_tensor(np.float32([0.5, -1, 2, 3]).reshape(1, 1, 1, 4))
    assert_read(keras.Model(image, merge()([image, constant])))


def test_layers_without_operations_are_counted():
    graph = from_keras(model_of((6, 4), layers.LSTM(3)))
    (unknown,) = graph.unknown
    assert unknown.kind == "LSTM"
    assert unknown.shape == (3,)
    assert [kernel.size for kernel in unknown.weights] == [4 * 12, 3 * 12, 12]
    assert unknown.macs_by_bits == ((32, 32, 6 * (4 * 12 + 3 * 12)),)


def test_weights_of_a_layer_that_is_called_twice_are_the_same_arrays():
    dense, a = layers.Dense(4), keras.Input((4,))
    graph = assert_read(keras.Model(a, dense(dense(a))))
    first, second = (op for op in graph if isinstance(op, ops.Dense))
    assert first.kernel.codes is second.kernel.codes


def test_reading_leaves_the_model_as_it_is():
    class Block(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = layers.Dense(4)

        def call(self, x):
            return keras.ops.relu(self.inner(x))

    block = Block()
    model = model_of((4,), block)
    before = len(block.inner._inbound_nodes), len(block._inbound_nodes), len(block._outbound_nodes)
    assert_read(model)
    assert (len(block.inner._inbound_nodes), len(block._inbound_nodes), len(block._outbound_nodes)) == before


def test_channels_first_is_refused():
    model = keras.Sequential([keras.Input((4, 8, 8)), layers.MaxPooling2D(data_format="channels_first")])
    with pytest.raises(ValueError, match="channels first; build it with data_format='channels_last'"):
        from_keras(model)

"""Functional, Sequential, nested and subclassed models of Keras 3, with several inputs and outputs."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops as K

from larq_focal.network import ops
from larq_focal.network.keras.from_keras import from_keras
from tests.keras3.models import assert_read, randomised

layers = keras.layers
IMAGE = (6, 8, 4)


def test_nested_models_have_their_names_before_their_layers():
    inner = keras.Sequential([layers.Conv2D(4, 3, padding="same", name="conv"), layers.ReLU(name="relu")], name="inner")
    image = keras.Input(IMAGE, name="image")
    model = randomised(keras.Model(image, inner(inner(image)) + 1))
    graph = assert_read(model)
    names = [op.name for op in graph]
    assert names[:5] == ["image", "inner/conv", "inner/relu", "inner/conv#2", "inner/relu#2"]
    first, second = graph.convolutions
    assert first.kernel.codes is second.kernel.codes


def test_a_nested_model_for_any_size_is_read_at_the_size_that_it_is_called_on():
    value = keras.Input((None, None, 4))
    padded = K.pad(value, ((0, 0), (1, 1), (1, 1), (0, 0))) * 2
    inner = keras.Model(value, layers.Conv2D(2, 3)(padded))
    image = keras.Input(IMAGE)
    assert assert_read(randomised(keras.Model(image, inner(image)))).convolutions[0].shape == (6, 8, 2)


@pytest.mark.parametrize("form", ["list", "dictionary", "names"])
def test_nested_models_of_several_inputs(form):
    a, b = keras.Input(IMAGE, name="a"), keras.Input(IMAGE, name="b")
    ends = {"b": b, "a": a} if form == "dictionary" else [b, a]
    inner = keras.Model(ends, {"sum": a + 2 * b, "product": a * b})
    x, y = keras.Input(IMAGE, name="x"), keras.Input(IMAGE, name="y")
    results = inner([x, y] if form == "list" else {"b": x, "a": y})
    assert_read(keras.Model([x, y], [results["product"], results["sum"]]))


def test_several_inputs_and_outputs_keep_their_order():
    a, b = keras.Input(IMAGE, name="second"), keras.Input((5,), name="first")
    pooled = layers.GlobalAveragePooling2D()(a)
    joined = layers.Concatenate()([pooled, b])
    model = randomised(keras.Model({"second": a, "first": b}, [joined, layers.Dense(3)(joined), pooled]))
    graph = assert_read(model)
    assert [op.name for op in graph.inputs] == ["first", "second"]
    assert [graph[name].shape for name in graph.outputs] == [(9,), (3,), (4,)]


def test_a_fixed_batch_and_integers_as_inputs():
    image = keras.Input(IMAGE, batch_size=4, dtype="uint8", name="image")
    model = randomised(keras.Model(image, layers.Conv2D(3, 3)(K.cast(image, "float32") / 255 - 0.5)))
    graph = from_keras(model)
    assert not graph.unknown
    assert graph["image"].bits == 8
    assert [type(op) for op in graph] == [ops.Input, ops.Affine, ops.Affine, ops.Conv2D]


class Block(layers.Layer):
    """A layer of a user that calls others."""

    def __init__(self, channels, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(channels, 3, padding="same")
        self.norm = layers.BatchNormalization()
        self.drop = layers.Dropout(0.5)

    def call(self, x, training=None):
        return x + K.relu(self.drop(self.norm(self.conv(x), training=training), training=training))


class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = Block(4, name="first"), Block(4, name="second")
        self.last = layers.Dense(3, name="last")

    def call(self, x):
        return self.last(K.mean(self.second(self.first(x)), axis=(1, 2)))


def test_layers_that_call_layers_are_read_inside():
    image = keras.Input(IMAGE)
    graph = assert_read(randomised(keras.Model(image, Block(4, name="block")(image))))
    assert {"block/conv2d", "block/batch_normalization"} <= {op.name.rstrip("_0123456789") for op in graph}


def test_subclassed_models_are_read_once_they_were_called():
    model = Subclassed(name="own")
    with pytest.raises(ValueError, match=r"The inputs of the model 'own', .* are not known: call it on a batch once"):
        from_keras(model)
    model(np.zeros((1, *IMAGE), np.float32))
    graph = assert_read(randomised(model))
    assert len(graph.convolutions) == 2
    assert [op.name for op in graph.layers if isinstance(op, ops.Dense)] == ["last"]


def test_a_functional_model_with_a_call_of_its_own_is_read_by_that():
    class Doubled(keras.Model):
        def call(self, x):
            return 2 * super().call(x)

    a = keras.Input((4,))
    model = randomised(Doubled(a, layers.Dense(3)(a)))
    b = keras.Input((4,))
    assert_read(keras.Model(b, model(b)))


def test_what_cannot_be_read_is_named():
    with pytest.raises(ValueError, match="not built"):
        from_keras(keras.Sequential([layers.Dense(3)], name="empty"))
    with pytest.raises(ValueError, match=r"The input 'image' has the shape \(None, None, 3\)"):
        image = keras.Input((None, None, 3), name="image")
        from_keras(keras.Model(image, layers.Conv2D(3, 3)(image)))
    with pytest.raises(ValueError, match="Expected a Keras model, not Dense"):
        from_keras(layers.Dense(3))


STEPS = {
    "conv": lambda x: layers.Conv2D(3, 3, padding="same")(x),
    "strided conv": lambda x: layers.Conv2D(4, 2, strides=2, padding="same")(x),
    "depthwise": lambda x: layers.DepthwiseConv2D(3, padding="same")(x),
    "norm": lambda x: layers.BatchNormalization()(x),
    "sign": lambda x: K.where(x >= 0, 1.0, -1.0),
    "relu": lambda x: K.relu(x),
    "scaled": lambda x: 0.5 * x - 1.25,
    "residual": lambda x: x + layers.Conv2D(x.shape[-1], 1)(x),
    "gated": lambda x: x * K.sigmoid(x),
    "doubled": lambda x: K.concatenate([x, -x], axis=-1),
    "pool": lambda x: layers.MaxPooling2D(2, padding="same")(x),
    "nested": lambda x: keras.Sequential([layers.Dense(3), layers.LeakyReLU(0.1)])(x),
}


@settings(max_examples=8)
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=6))
def test_drawn_networks(steps):
    x = image = keras.Input((5, 6, 2))
    for step in steps:
        x = STEPS[step](x)
    assert_read(randomised(keras.Model(image, x)), tolerance=1e-4, varies=False)

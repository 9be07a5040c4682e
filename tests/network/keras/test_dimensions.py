"""Layers of one and three dimensions, transposed and local ones, and layers over time compute what Keras computes."""

import numpy as np
import pytest

from larq_focal.focal_plane.compiler.integer_form.fold import fold_thresholds
from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.network import interpret, ops
from larq_focal.network.keras.from_keras import from_keras
from tests.network.models import assert_read, model_of, randomised

layers = keras.layers
KERNEL_SIGNS = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
SIGNS = {"input_quantizer": "ste_sign", "use_bias": False, **KERNEL_SIGNS}
DEPTHWISE_SIGNS = {
    "input_quantizer": "ste_sign",
    "depthwise_quantizer": "ste_sign",
    "depthwise_constraint": "weight_clip",
    "pointwise_quantizer": "ste_sign",
    "pointwise_constraint": "weight_clip",
    "use_bias": False,
}


@pytest.mark.parametrize(
    ("geometry", "input_bits"),
    [
        ({"kernel_size": 3}, 1),
        ({"kernel_size": 4, "padding": "same"}, 1),
        ({"kernel_size": 3, "strides": 2, "padding": "same", "pad_values": 1.0}, 1),
        ({"kernel_size": 3, "dilation_rate": 2, "padding": "same", "pad_values": -1.0}, 1),
        ({"kernel_size": 3, "padding": "causal"}, 2),  # the zeros of the past are a third value
        ({"kernel_size": 3, "padding": "causal", "dilation_rate": 2}, 2),
        ({"kernel_size": 3, "padding": "causal", "strides": 2}, 2),
        ({"kernel_size": 1, "groups": 2}, 1),
    ],
)
def test_binary_convolutions_of_sequences_are_exact(geometry, input_bits):
    graph = assert_read(model_of((11, 6), lq.layers.QuantConv1D(8, **SIGNS, **geometry)), exact=True)
    (convolution,) = graph.layers
    assert isinstance(convolution, ops.Conv2D)
    assert convolution.intended_binary and convolution.kernel.is_binary
    assert graph.input_bits(convolution) == input_bits
    assert graph.is_binary(convolution) == (input_bits == 1)


@pytest.mark.parametrize("pads", [{}, {"padding": "same", "pad_values": 1.0}, {"padding": "causal"}])
def test_binary_separable_convolutions_of_sequences_are_exact(pads):
    layer = lq.layers.QuantSeparableConv1D(6, 3, depth_multiplier=2, name="sep", **DEPTHWISE_SIGNS, **pads)
    graph = assert_read(model_of((8, 4), layer), exact=True)
    assert [op.name for op in graph.layers] == ["sep/depthwise", "sep"]
    assert [op.declared_bits for op in graph.layers] == [(1, 1), (None, 1)]


@pytest.mark.parametrize(
    "geometry",
    [
        {"kernel_size": 3},
        {"kernel_size": 3, "padding": "same"},
        {"kernel_size": (2, 3), "strides": 2, "padding": "same"},
        {"kernel_size": (3, 4), "strides": (2, 3)},
        {"kernel_size": 1, "strides": 2},
        {"kernel_size": 3, "strides": 2, "output_padding": 1},
        {"kernel_size": 3, "strides": 2, "output_padding": 1, "padding": "same"},
        {"kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    ],
)
def test_binary_transposed_convolutions_are_exact(geometry):
    graph = assert_read(model_of((5, 6, 3), lq.layers.QuantConv2DTranspose(4, **SIGNS, **geometry)), exact=True)
    (layer,) = graph.other_layers
    assert isinstance(layer, ops.Conv2DTranspose)
    assert graph.is_binary(layer)


@pytest.mark.parametrize(
    "geometry",
    [
        {"kernel_size": 2},
        {"kernel_size": (1, 2, 3), "padding": "same"},
        {"kernel_size": 3, "strides": 2, "padding": "same", "pad_values": 1.0},
        {"kernel_size": 2, "dilation_rate": 2},
        {"kernel_size": 2, "groups": 2},
    ],
)
def test_binary_convolutions_of_volumes_are_exact(geometry):
    graph = assert_read(model_of((4, 5, 6, 4), lq.layers.QuantConv3D(6, **SIGNS, **geometry)), exact=True)
    assert [type(op) for op in graph.other_layers] == [ops.Conv3D]


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((9, 8, 3), lambda: lq.layers.QuantLocallyConnected2D(4, (2, 3), strides=(1, 2), **SIGNS)),
        ((9, 3), lambda: lq.layers.QuantLocallyConnected1D(4, 3, strides=2, **SIGNS)),
    ],
)
def test_binary_locally_connected_layers_are_exact(shape, layer):
    graph = assert_read(model_of(shape, layer()), exact=True)
    assert [type(op) for op in graph.other_layers] == [ops.LocallyConnected2D]


FLOAT = [
    ((9, 4), lambda: layers.Conv1D(5, 3, activation="relu", padding="causal")),
    ((9, 4), lambda: layers.Conv1DTranspose(5, 3, strides=2, padding="same")),
    ((9, 4), lambda: layers.DepthwiseConv1D(3, depth_multiplier=2, padding="same")),
    ((9, 4), lambda: layers.SeparableConv1D(5, 3, strides=2, activation="tanh")),
    ((9, 4), lambda: layers.LocallyConnected1D(5, 3)),
    ((9, 4), lambda: layers.MaxPooling1D(3, strides=2, padding="same")),
    ((9, 4), lambda: layers.AveragePooling1D(2)),
    ((9, 4), lambda: layers.GlobalAveragePooling1D()),
    ((9, 4), lambda: layers.GlobalMaxPooling1D(keepdims=True)),
    ((9, 4), lambda: layers.ZeroPadding1D((1, 2))),
    ((9, 4), lambda: layers.LayerNormalization()),
    ((9, 4), lambda: layers.LayerNormalization(axis=1, center=False)),
    ((9, 4), lambda: layers.LayerNormalization(axis=[1, 2], epsilon=1e-2)),
    ((9, 4), lambda: layers.EinsumDense("abc,cd->abd", output_shape=(None, 7), bias_axes="d", activation="relu")),
    ((9, 4), lambda: layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")),
    ((9, 4, 2), lambda: layers.EinsumDense("abcd,cde->abe", output_shape=(None, 5))),
    ((9, 8, 3), lambda: layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")),
    ((9, 8, 3), lambda: layers.LocallyConnected2D(4, 3)),
    ((4, 5, 6, 3), lambda: layers.Conv3D(4, 2, activation="relu")),
    ((3, 6), lambda: layers.TimeDistributed(layers.Dense(5, activation="relu"))),
    ((3, 6), lambda: layers.TimeDistributed(layers.BatchNormalization())),
    ((3, 6, 7, 4), lambda: layers.TimeDistributed(layers.Conv2D(5, 3, strides=2, padding="same", activation="relu"))),
    ((3, 6, 7, 4), lambda: layers.TimeDistributed(layers.DepthwiseConv2D(3, depth_multiplier=2))),
    ((3, 6, 7, 4), lambda: layers.TimeDistributed(layers.Flatten())),
    ((3, 6, 7, 4), lambda: layers.TimeDistributed(layers.BatchNormalization())),
]


@pytest.mark.parametrize(("shape", "layer"), FLOAT)
def test_float_layers(shape, layer):
    assert_read(model_of(shape, layer()))


def test_a_binary_convolution_at_every_step_is_exact():
    layer = layers.TimeDistributed(lq.layers.QuantConv2D(5, 3, padding="same", pad_values=1.0, **SIGNS))
    graph = assert_read(model_of((3, 6, 6, 4), layer), exact=True)
    (convolution,) = graph.other_layers
    assert graph.is_binary(convolution)
    assert convolution.macs == 3 * 6 * 6 * 5 * 9 * 4


def test_attention_is_read_into_its_products():
    a, b = keras.Input((5, 6), name="a"), keras.Input((7, 6), name="b")
    attention = layers.MultiHeadAttention(2, 3, name="attention")
    graph = assert_read(randomised(keras.Model([a, b], attention(a, b))))
    assert len(graph.layers) == 4
    assert [op.macs(tuple(graph[name].shape for name in op.inputs)) for op in graph if isinstance(op, ops.Einsum)] == [
        2 * 5 * 7 * 3,
        2 * 5 * 7 * 3,
    ]


def test_words_are_looked_up():
    words = keras.Input((6,), dtype="int32")
    model = randomised(keras.Model(words, layers.Embedding(10, 4)(words)))
    graph = from_keras(model)
    samples = np.random.default_rng(0).integers(0, 10, (3, 6))
    np.testing.assert_array_equal(interpret(graph, samples)[graph.outputs[0]], model(samples))


def test_a_normalised_sequence_folds_to_thresholds():
    model = model_of((9, 4), lq.layers.QuantConv1D(6, 3, **SIGNS), layers.BatchNormalization(), lq.quantizers.SteSign())
    graph = from_keras(model)
    folded = fold_thresholds(graph)
    assert not any(isinstance(op, ops.Affine) for op in folded)
    x = np.random.default_rng(0).normal(size=(3, 9, 4)).astype(np.float32)
    np.testing.assert_array_equal(interpret(folded, x)[folded.outputs[0]], model(x))

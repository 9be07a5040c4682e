"""A graph computes what its Keras layers compute, for every kind of layer and option."""

import re

import numpy as np
import pytest

from larq_focal.keras import keras
from larq_focal.keras import larq as lq
from larq_focal.network import ops
from larq_focal.network.keras.from_keras import from_keras
from tests.network.models import assert_read, model_of

layers = keras.layers
SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
DEPTHWISE_SIGNS = {
    "input_quantizer": "ste_sign",
    "depthwise_quantizer": "ste_sign",
    "depthwise_constraint": "weight_clip",
}
POINTWISE_SIGNS = {"pointwise_quantizer": "ste_sign", "pointwise_constraint": "weight_clip"}

GEOMETRIES = [
    pytest.param({"kernel_size": 3}, id="valid"),
    pytest.param({"kernel_size": 3, "padding": "same"}, id="same"),
    pytest.param({"kernel_size": (2, 5), "padding": "same"}, id="even, oblong"),
    pytest.param({"kernel_size": 3, "strides": 2, "padding": "same"}, id="strided same"),
    pytest.param({"kernel_size": 3, "strides": 2}, id="strided valid"),
    pytest.param({"kernel_size": 1, "strides": 2, "padding": "same"}, id="strided 1x1"),
    pytest.param({"kernel_size": 3, "dilation_rate": 2, "padding": "same"}, id="dilated same"),
    pytest.param({"kernel_size": 3, "dilation_rate": (2, 1)}, id="dilated valid"),
]
PADS = [{"padding": "same", "pad_values": value, **more} for value in (1.0, -1.0, 0.5) for more in ({}, {"strides": 2})]


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_binary_convolutions_are_exact(geometry, side):
    graph = assert_read(
        model_of((side, side, 5), lq.layers.QuantConv2D(7, **SIGNS, **geometry, use_bias=False)), exact=True
    )
    assert graph.is_binary(graph.layers[0])
    assert graph.layers[0].intended_binary


@pytest.mark.parametrize("pads", PADS)
@pytest.mark.parametrize("geometry", [{"kernel_size": 3}, {"kernel_size": (2, 5)}])
def test_pad_values_of_binary_convolutions_are_exact(geometry, pads):
    assert_read(model_of((9, 8, 5), lq.layers.QuantConv2D(7, **SIGNS, **geometry, **pads, use_bias=False)), exact=True)


@pytest.mark.parametrize("groups", [2, 4])
def test_grouped_binary_convolutions_are_exact(groups):
    layer = lq.layers.QuantConv2D(8, 3, groups=groups, padding="same", pad_values=1.0, use_bias=False, **SIGNS)
    graph = assert_read(model_of((6, 6, 8), layer), exact=True)
    assert graph.layers[0].groups == groups


@pytest.mark.parametrize("multiplier", [1, 3])
@pytest.mark.parametrize(
    "geometry", [{"kernel_size": 3}, {"kernel_size": 3, "strides": 2, "padding": "same"}, *PADS[:2]]
)
def test_binary_depthwise_convolutions_are_exact(geometry, multiplier):
    geometry = {"kernel_size": 3, "depth_multiplier": multiplier, "use_bias": False, **geometry}
    graph = assert_read(model_of((9, 9, 4), lq.layers.QuantDepthwiseConv2D(**DEPTHWISE_SIGNS, **geometry)), exact=True)
    assert graph.layers[0].is_depthwise
    assert graph.is_binary(graph.layers[0])
    assert graph.layers[0].macs == np.prod(graph.layers[0].shape) * 9


@pytest.mark.parametrize("pads", [{}, {"padding": "same"}, PADS[0]])
def test_binary_separable_convolutions_are_exact(pads):
    quantizers = DEPTHWISE_SIGNS | POINTWISE_SIGNS
    layer = lq.layers.QuantSeparableConv2D(6, 3, depth_multiplier=2, use_bias=False, name="sep", **quantizers, **pads)
    graph = assert_read(model_of((8, 8, 4), layer), exact=True)
    assert [op.name for op in graph.layers] == ["sep/depthwise", "sep"]
    assert [op.declared_bits for op in graph.layers] == [(1, 1), (None, 1)]
    assert [graph.is_binary(op) for op in graph.layers] == [True, False]


def test_binary_dense_layers_are_exact():
    graph = assert_read(model_of((70,), lq.layers.QuantDense(9, use_bias=False, **SIGNS)), exact=True)
    assert graph.is_binary(graph.layers[0])


@pytest.mark.parametrize(
    "quantizer", ["ste_sign", "magnitude_aware_sign", "ste_tern", "ste_heaviside", "dorefa_quantizer"]
)
def test_quantized_kernels(quantizer):
    layer = lq.layers.QuantConv2D(
        7, 3, kernel_quantizer=quantizer, input_quantizer="ste_sign", kernel_constraint="weight_clip"
    )
    graph = assert_read(model_of((8, 8, 5), layer))
    assert graph.layers[0].kernel_quantizer == quantizer


@pytest.mark.parametrize(
    "layer",
    [
        *[
            pytest.param(lambda geometry=geometry.values[0]: layers.Conv2D(4, **geometry), id=geometry.id)
            for geometry in GEOMETRIES
        ],
        pytest.param(lambda: layers.Conv2D(4, 3, groups=2, activation="relu"), id="grouped"),
        pytest.param(lambda: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), id="depthwise"),
        pytest.param(lambda: layers.DepthwiseConv2D(3, dilation_rate=2, use_bias=False), id="dilated depthwise"),
        pytest.param(
            lambda: layers.SeparableConv2D(5, 3, strides=2, padding="same", activation="tanh"), id="separable"
        ),
        pytest.param(lambda: layers.Dense(5, activation="sigmoid"), id="dense on pixels"),
        pytest.param(lambda: layers.BatchNormalization(), id="batch norm"),
        pytest.param(lambda: layers.BatchNormalization(scale=False, epsilon=1e-2), id="batch norm without scale"),
        pytest.param(lambda: layers.BatchNormalization(center=False), id="batch norm without centre"),
        pytest.param(lambda: layers.Rescaling(1 / 127.5, offset=-1), id="rescaling"),
        pytest.param(lambda: layers.Normalization(mean=[1, 2, 3, 4], variance=[1, 4, 9, 16]), id="normalization"),
        pytest.param(lambda: layers.MaxPooling2D(3, strides=2, padding="same"), id="max pool"),
        pytest.param(lambda: layers.MaxPooling2D((2, 3)), id="oblong max pool"),
        pytest.param(lambda: layers.AveragePooling2D(3, strides=2, padding="same"), id="average pool"),
        pytest.param(lambda: layers.GlobalAveragePooling2D(), id="global average"),
        pytest.param(lambda: layers.GlobalAveragePooling2D(keepdims=True), id="global average with dimensions"),
        pytest.param(lambda: layers.GlobalMaxPooling2D(), id="global max"),
        pytest.param(lambda: layers.ZeroPadding2D(((1, 2), (0, 3))), id="zero padding"),
        pytest.param(lambda: layers.Cropping2D(((1, 2), (0, 3))), id="cropping"),
        pytest.param(lambda: layers.Flatten(), id="flatten"),
        pytest.param(lambda: layers.Reshape((-1, 4)), id="reshape"),
        pytest.param(lambda: layers.ReLU(), id="relu"),
        pytest.param(lambda: layers.ReLU(max_value=6), id="relu6"),
        pytest.param(lambda: layers.ReLU(max_value=0.5), id="limited relu"),
        pytest.param(lambda: layers.ReLU(negative_slope=0.2), id="sloped relu"),
        pytest.param(lambda: layers.LeakyReLU(0.1), id="leaky relu"),
        pytest.param(lambda: layers.PReLU(), id="prelu per element"),
        pytest.param(lambda: layers.PReLU(shared_axes=[1, 2]), id="prelu per channel"),
        pytest.param(lambda: layers.Softmax(), id="softmax"),
        *[
            pytest.param(lambda kind=kind: layers.Activation(kind), id=kind)
            for kind in ("hard_sigmoid", "softmax", "relu6")
        ],
        pytest.param(lambda: layers.Activation("hard_tanh"), id="hard tanh"),
        pytest.param(lambda: layers.Activation("leaky_tanh"), id="leaky tanh"),
        pytest.param(lambda: layers.Dropout(0.5), id="dropout"),
        pytest.param(lambda: layers.SpatialDropout2D(0.5), id="spatial dropout"),
        pytest.param(lambda: layers.GaussianNoise(1.0), id="noise"),
        pytest.param(lambda: layers.RandomFlip(), id="augmentation"),
    ],
)
def test_float_layers(layer):
    assert_read(model_of((9, 8, 4), layer()))


def test_batch_norm_after_a_dense_layer():
    assert_read(model_of((6,), layers.Dense(5, use_bias=False), layers.BatchNormalization()))


def test_ties_fall_as_in_keras():
    """Sums of even integers, halved: the normalisation meets 0 often, and both sides must call it positive."""
    layer = lq.layers.QuantConv2D(16, 3, use_bias=False, padding="same", pad_values=1.0, **SIGNS)
    model = keras.Sequential([keras.Input((16, 16, 4)), layer, layers.BatchNormalization(), lq.quantizers.SteSign()])
    model.layers[0].set_weights([np.random.default_rng(0).normal(size=(3, 3, 4, 16))])
    assert_read(model, exact=True)


@pytest.mark.parametrize(
    "merge",
    [
        layers.Add,
        layers.Subtract,
        layers.Multiply,
        layers.Average,
        layers.Concatenate,
        lambda: layers.Concatenate(axis=2),
    ],
)
def test_merges(merge):
    a, b = keras.Input((4, 6, 3), name="a"), keras.Input((4, 6, 3), name="b")
    assert_read(keras.Model([a, b], merge()([a, b])))


def test_merges_broadcast_and_take_many():
    a, b = keras.Input((4, 6, 3), name="a"), keras.Input((1, 1, 3), name="b")
    assert_read(keras.Model([a, b], layers.Multiply()([a, b])))
    assert_read(keras.Model([a, b], layers.Add()([a, a, b])))


def test_the_numbers_of_a_layer_carry_its_name():
    layer = lq.layers.QuantConv2D(4, 3, name="conv", activation="relu", **SIGNS)
    graph = from_keras(model_of((6, 6, 3), layer))
    assert [op.name for op in graph][1:] == ["conv/input_quantizer", "conv", "conv/activation"]
    assert {op.origin for op in graph.ops[1:]} == {"conv"}
    assert (graph["conv"].input_quantizer, graph["conv"].kernel_quantizer) == ("ste_sign", "ste_sign")


def test_a_float_kernel_stays_float_however_simple():
    """A blur kernel has few levels, but the converter stores floats."""
    model = model_of((6, 6, 3), layers.DepthwiseConv2D(3, use_bias=False))
    model.layers[0].set_weights([np.tile(np.outer([1, 2, 1], [1, 2, 1])[..., None, None] / 16, (1, 1, 3, 1))])
    assert from_keras(model).layers[0].kernel.bits == 32


@pytest.mark.parametrize(("dtype", "bits"), [("float32", 32), ("uint8", 8), ("int8", 8)])
def test_input_bits(dtype, bits):
    image = keras.Input((4, 4, 3), dtype=dtype)
    graph = from_keras(keras.Model(image, layers.Rescaling(2.0)(image)))
    assert graph.bits(graph.inputs[0].name) == bits


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (
            lambda: lq.layers.QuantLocallyConnected2D(4, 3, implementation=2),
            "QuantLocallyConnected2D .*implementation 2",
        ),
        (lambda: layers.BatchNormalization(axis=1), r"BatchNormalization \(over axis"),
        (lambda: layers.UpSampling2D(), "UpSampling2D"),
        (lambda: layers.Softmax(axis=1), r"Softmax \(over axis 1\)"),
        (lambda: layers.ReLU(threshold=0.5), "ReLU"),
        (lambda: layers.ELU(), r"ELU \(Elu\)"),
        (lambda: layers.Conv2D(4, 3, activation="elu"), "activation elu"),
    ],
)
def test_layers_that_are_not_understood_are_named(layer, kind):
    graph = from_keras(model_of((6, 6, 3), layer(), layers.MaxPooling2D()))
    assert len(graph.unknown) == 1
    (unknown,) = graph.unknown
    assert re.match(kind, unknown.kind)
    assert isinstance(graph[graph.outputs[0]], ops.Pool2D)


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((6, 4), lambda: layers.LSTM(3)),
        ((6, 4), lambda: layers.Bidirectional(layers.GRU(3, return_sequences=True))),
        ((4, 4, 4, 2), lambda: lq.layers.QuantConv3DTranspose(3, 2, input_quantizer="ste_sign")),
        ((6, 4, 2), lambda: layers.TimeDistributed(layers.LSTM(3))),
        ((6, 6, 3), lambda: layers.RandomCrop(3, 3)),
        ((6, 6, 3), lambda: layers.GroupNormalization(3)),
    ],
)
def test_other_kinds_of_layers_are_named_whatever_they_do(shape, layer):
    layer = layer()
    model = keras.Sequential([keras.Input(shape), layer])
    graph = from_keras(model)
    (unknown,) = graph.unknown
    assert unknown.kind.startswith(type(layer).__name__)
    assert unknown.shape == model.output_shape[1:]

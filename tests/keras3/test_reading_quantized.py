"""Quantized layers and quantizers on Keras 3 are read as what they compute, kernels in few bits."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from larq_focal import layers
from larq_focal.network import ops
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.nn import SteSign
from larq_focal.nn.keras3 import quantized_layers as quant
from larq_focal.quantizers import QUANTIZERS
from tests.keras3.models import assert_read, model_of

SIGNS = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
DEPTHWISE = {
    "input_quantizer": "ste_sign",
    "depthwise_quantizer": "ste_sign",
    "depthwise_constraint": "weight_clip",
}
POINTWISE = {"pointwise_quantizer": "ste_sign", "pointwise_constraint": "weight_clip"}
EXACT = {
    "conv": ((9, 8, 5), lambda: quant.QuantConv2D(7, 3, use_bias=False, **SIGNS)),
    "conv same": ((9, 8, 5), lambda: quant.QuantConv2D(7, (2, 5), padding="same", strides=2, use_bias=False, **SIGNS)),
    "conv ones": ((9, 8, 5), lambda: quant.QuantConv2D(7, 3, padding="same", pad_values=1.0, use_bias=False, **SIGNS)),
    "conv grouped": ((6, 6, 8), lambda: quant.QuantConv2D(8, 3, groups=2, use_bias=False, **SIGNS)),
    "depthwise": ((9, 9, 4), lambda: quant.QuantDepthwiseConv2D(3, depth_multiplier=2, use_bias=False, **DEPTHWISE)),
    "dense": ((70,), lambda: quant.QuantDense(9, use_bias=False, **SIGNS)),
    "conv of steps": ((11, 4), lambda: quant.QuantConv1D(5, 3, strides=2, use_bias=False, **SIGNS)),
}


@pytest.mark.parametrize("name", EXACT)
def test_binary_layers_are_exact(name):
    shape, layer = EXACT[name]
    graph = assert_read(model_of(shape, layer()), exact=True)
    assert graph.is_binary(graph.layers[0])
    assert graph.layers[0].intended_binary


def test_a_separable_layer_is_two_convolutions():
    layer = quant.QuantSeparableConv2D(6, 3, depth_multiplier=2, use_bias=False, name="sep", **DEPTHWISE, **POINTWISE)
    graph = assert_read(model_of((8, 8, 4), layer), exact=True)
    assert [op.name for op in graph.layers] == ["sep/depthwise", "sep"]
    assert [op.declared_bits for op in graph.layers] == [(1, 1), (None, 1)]


@pytest.mark.parametrize("alias", sorted(row.alias for row in QUANTIZERS if row.activation))
def test_input_quantizers(alias):
    model = model_of((6, 7, 4), quant.QuantConv2D(3, 3, input_quantizer=alias))
    row = next(row for row in QUANTIZERS if row.alias == alias)
    quantizer = model.layers[0].input_quantizer
    if row.follows_data(quantizer):
        assert from_keras(model).unknown
        return
    graph = assert_read(model)
    assert graph.layers[-1].input_quantizer == alias
    if row.reading == "sign":
        assert [type(op) for op in graph] == [ops.Input, ops.Binarize, ops.Conv2D]


@pytest.mark.parametrize("alias", sorted(row.alias for row in QUANTIZERS if row.kernel and not row.state))
def test_kernel_quantizers(alias):
    constraint = {"kernel_constraint": "weight_clip"}
    graph = assert_read(model_of((6, 7, 4), quant.QuantConv2D(8, 3, kernel_quantizer=alias, **constraint)))
    (layer,) = graph.layers
    assert layer.kernel_quantizer == alias
    row = next(row for row in QUANTIZERS if row.alias == alias)
    if row.kernel == "packed":
        assert layer.kernel.bits == 1


@pytest.mark.parametrize("layer", [SteSign, lambda: keras.layers.Activation(SteSign())], ids=["layer", "activation"])
def test_a_quantizer_as_a_layer_and_as_an_activation(layer):
    graph = assert_read(model_of((6, 7, 4), layer()))
    assert [type(op) for op in graph] == [ops.Input, ops.Binarize]


def test_a_function_as_a_quantizer_is_traced():
    def threshold(x):
        return keras.ops.where(x >= 0.25, 1.0, -1.0)

    graph = assert_read(model_of((6, 7, 4), quant.QuantConv2D(3, 3, input_quantizer=threshold)))
    assert graph[graph.layers[0].inputs[0]].threshold == np.float32(0.25)


OURS = {
    "L1BatchNormalization": {},
    "RPReLU": {},
    "DPReLU": {},
    "XnorConv2D": {"filters": 6, "kernel_size": 3, "padding": "same"},
    "BinaryDense": {"units": 5},
    "Thermometer": {"count": 3},
}


@pytest.mark.parametrize("name", OURS)
def test_layers_of_ours(name):
    layer = getattr(layers, name)(**OURS[name])
    shape = (6,) if name == "BinaryDense" else (6, 7, 4)
    assert_read(model_of(shape, layer), varies=name != "Thermometer")


def test_gradients_by_trained_thresholds_leave_nothing_behind():
    """The threshold is stored once: what only its gradient sees is no part of the network."""
    model = model_of((6, 6, 8), quant.QuantConv2D(4, 3, use_bias=False, **{**SIGNS, "input_quantizer": "rsign"}))
    assert [type(op) for op in from_keras(model)] == [ops.Input, ops.Binarize, ops.Conv2D]

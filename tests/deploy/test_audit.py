"""The audit tells for every layer what it became, and why: Larq Compute Engine 0.16 on case after case, for real."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from larq_focal.deploy.audit import Audit
from larq_focal.deploy.conversion.keras_models import convert_by_lce as convert
from larq_focal.keras import keras, larq, tf
from tests.deploy.networks import convolution, network, off_ties, positive, quantizer, random_kernel, sign, signs

layers, quantizers = keras.layers, larq.quantizers

PACKED = ("packed", "")
SIGNS_UNKNOWN = ("float", "not written as where(condition, 1, -1)")
NOT_QUANTIZED = ("float", "its input is not quantized")


@dataclass
class Case:
    """A layer, and what becomes of it: (packed or float, a part of the reason)."""

    name: str
    became: tuple[str, str]
    layer: dict[str, Any] = field(default_factory=dict)
    intended: str = "binary"


def input_case(name, function, became, **options) -> Case:
    return Case(name, became, {"input_quantizer": function}, **options)


def kernel_case(name, function, became, **options) -> Case:
    return Case(name, became, {"kernel_quantizer": function}, **options)


def jittered(part: float):
    """Signs whose magnitudes differ by ``part`` within an output channel."""
    noise = 1 + part * signs(3, 3, 32, 32, seed=2)
    noise[0, 0, 0] = 1
    return quantizer(lambda w: sign(w) * noise)


def per_input_channel(w):
    return sign(w) * positive(32, 1)


THRESHOLD = np.linspace(-1, 1, 32, dtype=np.float32)

INPUT_QUANTIZERS = [
    input_case("ste_sign", "ste_sign", PACKED),
    input_case("approx_sign", "approx_sign", PACKED),
    input_case("swish_sign", "swish_sign", PACKED),
    input_case("magnitude_aware", "magnitude_aware_sign", ("float", "magnitude_aware_sign scales the signs")),
    input_case("heaviside", "ste_heaviside", ("float", "gives 0 and 1")),
    input_case("dorefa_2", quantizers.DoReFa(2), ("float", "gives 4 levels"), intended="few-bit"),
    input_case("dorefa_1", quantizers.DoReFa(1), ("float", "gives 0 and 1")),
    input_case("no_op", quantizers.NoOp(precision=1), ("float", "NoOp leaves the activations float")),
    input_case("none", None, NOT_QUANTIZED, intended="float"),
]

KERNEL_QUANTIZERS = [
    kernel_case("approx_sign", "approx_sign", PACKED),
    kernel_case("swish_sign", "swish_sign", PACKED),
    kernel_case("dorefa_1", quantizers.DoReFa(1, mode="weights"), PACKED),
    kernel_case("magnitude_aware", "magnitude_aware_sign", PACKED),
    kernel_case("scale_per_output", quantizer(lambda w: sign(w) * positive(32)), PACKED),
    kernel_case("negative_scale_per_output", quantizer(lambda w: sign(w) * positive(32) * signs(32)), PACKED),
    kernel_case("scale_per_input", quantizer(per_input_channel), ("float", "scales each input channel")),
    kernel_case(
        "scale_per_both",
        quantizer(lambda w: per_input_channel(w) * positive(32, seed=5)),
        ("float", "scales each input channel"),
    ),
    kernel_case("heaviside", "ste_heaviside", ("float", "ste_heaviside gives 0 and 1")),
    kernel_case("ternary", "ste_tern", ("float", "gives zeros (ternary)"), intended="few-bit"),
    kernel_case(
        "ternary_twn",
        quantizers.SteTern(ternary_weight_networks=True),
        ("float", "gives zeros (ternary)"),
        intended="few-bit",
    ),
    kernel_case(
        "dorefa_2", quantizers.DoReFa(2, mode="weights"), ("float", "gives 4 levels (2 bits)"), intended="few-bit"
    ),
    kernel_case("none", None, ("float", "its kernel is not quantized"), intended="float"),
    kernel_case("jittered", jittered(0.006), ("float", "differ by 0.6% within an output channel")),
]

CONVOLUTIONS = [
    Case("stride", PACKED, {"strides": 2}),
    Case("dilation", PACKED, {"dilation_rate": 2}),
    Case("1x1", PACKED, {"kernel_size": 1}),
    Case("5x5", PACKED, {"kernel_size": 5}),
    Case("odd_channels", PACKED, {"filters": 7}),
    Case("no_bias", PACKED, {"use_bias": False}),
    Case("pad_one", PACKED, {"padding": "same", "pad_values": 1}),
    Case("pad_zero", PACKED, {"padding": "same"}),
    Case("pad_minus_one", ("float", "a border of -1"), {"padding": "same", "pad_values": -1}),
    Case("groups_of_32", PACKED, {"groups": 1, "filters": 64}),
    Case("groups_of_16", ("float", "its groups have 16 input channels"), {"groups": 2}),
]

SIGNS = [
    input_case(name, quantizer(function), became)
    for name, function, became in [
        ("where_ge", sign, PACKED),
        ("where_lt", lambda x: tf.where(x < 0, -1.0, 1.0), PACKED),
        ("where_gt", lambda x: tf.where(x > 0, 1.0, -1.0), PACKED),
        ("two_signs", lambda x: tf.sign(tf.sign(x) + 0.1), PACKED),
        ("where_any", lambda x: tf.where((x > 1) | ((x < 0) & (x > -1)), 1.0, -1.0), PACKED),
        ("tf_sign", tf.sign, ("float", "tf.sign, which is 0 at 0")),
        ("sign_plus_epsilon", lambda x: tf.sign(x + 1e-6), ("float", "tf.sign, which is 0 at 0")),
        ("cast", lambda x: 2 * tf.cast(x >= 0, x.dtype) - 1, SIGNS_UNKNOWN),
        ("where_half", lambda x: tf.where(x >= 0, 0.5, -0.5), ("float", "gives -0.5 and 0.5")),
        ("clip_and_round", lambda x: 2 * tf.round(tf.clip_by_value(x + 0.5, 0, 1)) - 1, SIGNS_UNKNOWN),
        ("two_signs_minus", lambda x: tf.sign(tf.sign(x) - 0.1), ("float", "tf.sign, which is 0 at 0")),
        ("threshold_minus", lambda x: larq.math.sign(x - THRESHOLD), PACKED),
        ("threshold_plus", lambda x: larq.math.sign(x + THRESHOLD), PACKED),
        ("threshold_ge", lambda x: tf.where(x >= THRESHOLD, 1.0, -1.0), PACKED),
        ("threshold_lt", lambda x: tf.where(x < THRESHOLD, -1.0, 1.0), PACKED),
        ("threshold_gt", lambda x: tf.where(x > THRESHOLD, 1.0, -1.0), PACKED),
        ("scaled", lambda x: 0.7 * tf.where(x >= 0, 1.0, -1.0), ("float", "scales the signs")),
        ("scaled_channels", lambda x: positive(32) * larq.math.sign(x), ("float", "scales the signs")),
        ("hysteresis_map", lambda x: larq.math.sign(x + 0.3 * signs(8, 8, 32)), PACKED),
        (
            "hysteresis_nested",
            lambda x: tf.where(x >= 0.5, 1.0, tf.where(x < -0.5, -1.0, signs(8, 8, 32))),
            SIGNS_UNKNOWN,
        ),
        (
            "hysteresis_boolean",
            lambda x: tf.where((x >= 0.5) | ((x >= -0.5) & (signs(8, 8, 32) >= 0)), 1.0, -1.0),
            PACKED,
        ),
        ("argmax", lambda x: 2 * tf.cast(tf.argmax([-x, x]), x.dtype) - 1, SIGNS_UNKNOWN),
        ("where_argmax", lambda x: tf.where(tf.argmax([-x, x]) > 0, 1.0, -1.0), PACKED),
        ("where_responses", lambda x: tf.where(2 * x >= -x + 1, 1.0, -1.0), PACKED),
    ]
]


def audited(model: keras.Model, path) -> Audit:
    result = convert(model, path, data=off_ties(model)).audit
    assert result.passed and result.agreement.same_class == result.agreement.samples == 16
    assert result.agreement.max_abs_difference <= 1e-4
    return result


@pytest.mark.parametrize(
    "case", [*INPUT_QUANTIZERS, *KERNEL_QUANTIZERS, *CONVOLUTIONS, *SIGNS], ids=lambda case: case.name
)
def test_each_convolution_gets_its_verdict(case, tmp_path):
    (row,) = audited(network(convolution(**case.layer)), tmp_path / "model.tflite").layers
    became, reason = case.became
    assert (row.layer, row.intended, row.became) == ("layer", case.intended, became)
    assert reason in row.reason and bool(row.reason) == bool(reason)
    assert bool(row.fix) == bool(reason)


BINARY = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_initializer": random_kernel()}
DEPTHWISE = {
    "input_quantizer": "ste_sign",
    "depthwise_quantizer": "ste_sign",
    "depthwise_initializer": random_kernel(),
}
OTHER_LAYERS = {
    "dense": ((64,), lambda: larq.layers.QuantDense(32, **BINARY), "no binary dense layers"),
    "depthwise": (
        (8, 8, 32),
        lambda: larq.layers.QuantDepthwiseConv2D(3, **DEPTHWISE),
        "no binary depthwise convolutions",
    ),
    "transpose": (
        (8, 8, 32),
        lambda: larq.layers.QuantConv2DTranspose(32, 3, **BINARY),
        "no binary transposed convolutions",
    ),
    "conv_3d": ((4, 4, 4, 8), lambda: larq.layers.QuantConv3D(8, 3, **BINARY), "no binary 3-D convolutions"),
    "locally_connected": (
        (4, 4, 8),
        lambda: larq.layers.QuantLocallyConnected2D(8, 3, **BINARY),
        "no binary locally connected layers",
    ),
}


def test_few_levels_have_a_fix_of_the_layers_own_kind(tmp_path):
    bits = {**BINARY, "input_quantizer": "ste_heaviside"}
    dense, convolved = larq.layers.QuantDense(32, name="dense", **bits), convolution(**bits, name="convolved")
    model = network(convolved, keras.layers.Flatten(), dense, shape=(3, 3, 32))
    fixes = {row.layer: row.fix for row in audited(model, tmp_path / "model.tflite").layers}
    assert "a BinarySumDense with its levels as input_levels" in fixes["dense"]
    assert "a BinarySumConv2D with its levels as input_levels" in fixes["convolved"]


@pytest.mark.parametrize("name", OTHER_LAYERS)
def test_other_layers_stay_float(name, tmp_path):
    shape, make, reason = OTHER_LAYERS[name]
    (row,) = audited(network(make(), shape=shape), tmp_path / "model.tflite").layers
    assert (row.intended, row.became) == ("binary", "float")
    assert reason in row.reason and row.fix


def test_both_stages_of_a_separable_convolution_stay_float(tmp_path):
    layer = larq.layers.QuantSeparableConv2D(
        32, 3, pointwise_quantizer="ste_sign", pointwise_initializer=random_kernel(), **DEPTHWISE, name="layer"
    )
    depthwise, pointwise = audited(network(layer), tmp_path / "model.tflite").layers
    assert (depthwise.layer, depthwise.intended, depthwise.became) == ("layer/depthwise_kernel", "binary", "float")
    assert (pointwise.layer, pointwise.intended, pointwise.became) == ("layer/pointwise_kernel", "float", "float")
    assert "no binary separable" in depthwise.reason and "its input is not quantized" in pointwise.reason


def test_a_dense_layer_as_a_pointwise_convolution_is_packed(tmp_path):
    """What the audit tells a dense layer to become."""
    stack = layers.Reshape((1, 1, 64)), convolution(kernel_size=1, filters=10)
    (row,) = audited(network(*stack, shape=(64,)), tmp_path / "model.tflite").layers
    assert row.became == "packed"


def test_a_plain_network_has_nothing_to_explain(tmp_path):
    stack = layers.Conv2D(8, 3), layers.ReLU(), layers.DepthwiseConv2D(3), layers.Flatten(), layers.Dense(4)
    result = audited(network(*stack), tmp_path / "model.tflite")
    assert [(row.intended, row.became, row.reason, row.fix) for row in result.layers] == [
        ("float", "float", "", "")
    ] * 3
    assert result.all_packed and not result.findings


@pytest.mark.parametrize(
    "quantizer_before",
    [
        lambda: layers.Activation(quantizers.SteHeaviside()),
        lambda: quantizers.SteHeaviside(),
        lambda: layers.Conv2D(32, 3, activation=quantizers.SteHeaviside(), padding="same"),
    ],
    ids=["activation", "layer", "activation_of_a_layer"],
)
def test_a_quantizer_before_the_layer_counts_as_its_own(quantizer_before, tmp_path):
    """As in larq's documentation of quantizers, where these are equivalent."""
    model = network(quantizer_before(), layers.MaxPooling2D(2), convolution(None))
    row = audited(model, tmp_path / "model.tflite").layers[-1]
    assert (row.intended, row.became) == ("binary", "float") and "gives 0 and 1" in row.reason

"""Weights and multiply-accumulates of every kind of Keras layer: by hand, and as Larq's own summary counts them."""

import math

import numpy as np
import pytest

from larq_focal.cost import summary
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.layers import RPReLU
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.quantizers import QUANTIZERS
from tests.network.models import model_of, randomised

layers = keras.layers
KERNEL_SIGNS = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
SIGNS = {"input_quantizer": "ste_sign", "use_bias": False, **KERNEL_SIGNS}
SEPARABLE_SIGNS = {
    "input_quantizer": "ste_sign",
    "depthwise_quantizer": "ste_sign",
    "depthwise_constraint": "weight_clip",
    "pointwise_quantizer": "ste_sign",
    "pointwise_constraint": "weight_clip",
    "use_bias": False,
}


def sequence_network(padding):
    return model_of(
        (32, 32),
        lq.layers.QuantConv1D(64, 3, padding=padding, **SIGNS),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(4),
    )


def test_a_network_of_sequences_by_hand():
    """3 * 32 * 64 binary weights at 32 steps; 2 * 64 numbers of a normalisation, 32 * 64 * 4 weights and 4 biases."""
    model = sequence_network("same")
    costs, profile = summary(model), lq.models.ModelProfile(model)
    assert profile.weight_count(1) == 6144 and profile.weight_count(32) == 8324
    assert costs.parameter_bytes_by_bits == {1: 6144 / 8, 32: 8324 * 4}
    assert costs.parameter_bytes / 1024 == pytest.approx(33.27, abs=0.005)
    assert costs.float32_bytes / 1024 == pytest.approx(56.5, abs=0.05)
    assert costs.macs_by_bits == {(1, 1): 32 * 6144, (32, 32): 32 * 64 * 4}
    assert {bits: profile.op_count("mac", bits) for bits in (1, 32)} == {1: 196_608, 32: 8192}
    valid = summary(sequence_network("valid"))
    assert valid.macs_by_bits == {(1, 1): 30 * 6144, (32, 32): 30 * 64 * 4}


def test_a_waveform_network_by_hand():
    """4,096 - 8 steps times 9 taps times 32 channels."""
    model = model_of(
        (4096, 1),
        lq.layers.QuantConv1D(32, 9, **SIGNS),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(2),
    )
    costs = summary(model)
    assert costs.macs_by_bits == {(1, 1): 1_177_344, (32, 32): 4088 * 32 * 2}
    assert lq.models.ModelProfile(model).op_count("mac", 1) == 1_177_344


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((9, 4), lambda: lq.layers.QuantConv1D(8, 3, padding="same", **SIGNS)),
        ((9, 4), lambda: lq.layers.QuantSeparableConv1D(8, 3, **SEPARABLE_SIGNS)),
        ((9, 4), lambda: layers.Conv1D(8, 3, strides=2)),
        ((8, 8, 4), lambda: lq.layers.QuantConv2D(8, 3, **SIGNS)),
        ((8, 8, 4), lambda: lq.layers.QuantSeparableConv2D(8, 3, depth_multiplier=2, **SEPARABLE_SIGNS)),
        ((8, 8, 4), lambda: layers.DepthwiseConv2D(3)),
        ((5, 6, 4), lambda: lq.layers.QuantConv2DTranspose(8, 3, strides=2, **SIGNS)),
        ((5, 6, 4), lambda: layers.Conv2DTranspose(8, 3, padding="same")),
    ],
)
def test_weights_and_products_are_larqs(shape, layer):
    model = model_of(shape, layer())
    costs, profile = summary(model), lq.models.ModelProfile(model)
    assert not costs.undescribed
    assert costs.parameter_bytes == math.ceil(profile.memory / 8)
    assert costs.float32_bytes == profile.fp_equivalent_memory / 8
    by_wider = {max(bits): count for bits, count in costs.macs_by_bits.items()}
    larq_macs = {bits: profile.op_count("mac", bits) for bits in profile.unique_op_precisions}
    if "Separable" in type(model.layers[-1]).__name__:  # Larq takes the sums between the two kernels for bits
        assert sum(by_wider.values()) == sum(larq_macs.values())
    else:
        assert by_wider == larq_macs


@pytest.mark.parametrize(
    ("shape", "layer", "macs"),
    [
        ((28, 28), lambda: layers.LSTM(16), 28 * (28 * 64 + 16 * 64)),
        ((28, 28), lambda: layers.GRU(16, return_sequences=True), 28 * (28 * 48 + 16 * 48)),
        ((7, 4), lambda: layers.SimpleRNN(5), 7 * (4 * 5 + 5 * 5)),
        ((7, 4), lambda: layers.Bidirectional(layers.LSTM(5)), 2 * 7 * (4 * 20 + 5 * 20)),
        ((7, 4), lambda: layers.RNN([layers.GRUCell(5), layers.LSTMCell(3)]), 7 * (4 * 15 + 5 * 15 + 5 * 12 + 3 * 12)),
        ((4, 4, 4, 2), lambda: lq.layers.QuantConv3DTranspose(3, 2, **SIGNS), 5 * 5 * 5 * 3 * 8 * 2),
        ((4, 4, 4, 2), lambda: layers.Conv3D(3, 2), 3 * 3 * 3 * 3 * 8 * 2),
        ((6, 6, 3), lambda: lq.layers.QuantLocallyConnected2D(4, 2, **SIGNS), 5 * 5 * 4 * 3 * 4),
        ((6, 6, 4), lambda: layers.GroupNormalization(2), 0),
        ((6, 6, 3), lambda: layers.UpSampling2D(), 0),
    ],
)
def test_weights_are_larqs_and_products_are_counted(shape, layer, macs):
    """Larq counts no multiply-accumulates of these."""
    model = model_of(shape, layer())
    costs, profile = summary(model), lq.models.ModelProfile(model)
    assert not costs.uncounted
    assert costs.macs == macs
    assert costs.parameter_bytes == math.ceil(profile.memory / 8)
    assert costs.float32_bytes == profile.fp_equivalent_memory / 8


def test_what_is_not_known_makes_the_totals_least_values():
    model = model_of((6, 4, 2), layers.TimeDistributed(layers.LSTM(3, name="lstm"), name="steps"))
    costs = summary(model)
    assert costs.uncounted == ("steps",)
    assert costs.to_dict()["totals"]["at_least"] is True
    assert costs.parameter_bytes == 4 * sum(int(np.prod(weight.shape)) for weight in model.weights)


class Mixed(keras.layers.Layer):
    """A layer that multiplies by itself, in ways that the graph does not describe."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3))

    def call(self, x):
        return tf.nn.elu(tf.matmul(tf.sort(x), self.kernel))


def test_a_users_own_layer_is_counted():
    costs = summary(model_of((5, 4), Mixed()))
    assert not costs.uncounted and len(costs.undescribed) == 1
    assert (costs.macs, costs.parameter_bytes) == (5 * 4 * 3, 4 * 12)


def rsign_network():
    convolution = lq.layers.QuantConv2D(32, 3, use_bias=False, input_quantizer="rsign", **KERNEL_SIGNS)
    return keras.Sequential([keras.Input((8, 8, 32)), convolution, RPReLU()])


def test_learned_thresholds_and_shifts_count_whatever_their_values():
    """1,152 B of bits, 32 thresholds, and three numbers for each channel of the activation."""
    fresh = rsign_network()
    assert summary(fresh).parameter_bytes == 1152 + 4 * 32 + 4 * 3 * 32 == 1664
    assert summary(randomised(rsign_network())).parameter_bytes == 1664


def _count(model):
    costs = summary(model)
    return costs.parameter_bytes, costs.float32_bytes, costs.weights, dict(costs.macs_by_bits), dict(costs.other_ops)


@pytest.mark.parametrize("fill", [0.0, 0.3, 1.0, -1.0])
@pytest.mark.parametrize("row", [row for row in QUANTIZERS if row.kernel], ids=lambda row: row.alias)
def test_no_count_depends_on_the_values_of_a_kernel(row, fill):
    """A kernel of random weights costs what one of equal weights costs, and both what the quantizer declares."""

    def network():
        layer = lq.layers.QuantConv2D(
            8, 3, input_quantizer="ste_sign", kernel_quantizer=row.quantizer(), kernel_constraint="weight_clip"
        )
        return keras.Sequential([keras.Input((6, 6, 4)), layer, layers.BatchNormalization(), layers.PReLU()])

    def with_kernel(values):
        model = randomised(network())
        layer = model.layers[0]
        states = {id(weight) for weight in layer.kernel_quantizer.weights}
        layer.set_weights(
            [
                initial if id(weight) in states else values if initial.ndim == 4 else random
                for weight, initial, random in zip(
                    layer.weights, network().layers[0].get_weights(), layer.get_weights(), strict=True
                )
            ]
        )
        return model

    drawn = with_kernel(np.random.default_rng(0).normal(0, 0.5, (3, 3, 4, 8)))
    plain = with_kernel(np.full((3, 3, 4, 8), fill))
    assert _count(plain) == _count(drawn)
    (kernel,) = (op.kernel for op in from_keras(drawn).layers)
    declared = plain.layers[0].kernel_quantizer.precision
    assert kernel.bits == (2 if row.values == (0, 1) else declared)  # one bit stands for -1 and +1


@pytest.mark.parametrize("alias", [row.alias for row in QUANTIZERS if row.activation])
def test_no_count_depends_on_the_values_of_an_input_quantizer(alias):
    def model():
        layer = lq.layers.QuantConv2D(8, 3, input_quantizer=alias, **KERNEL_SIGNS)
        return keras.Sequential([keras.Input((6, 6, 4)), layer])

    def moved(trained):
        for weight in trained.layers[0].input_quantizer.weights:
            weight.assign(weight + 0.25)
        return trained

    stored, products = slice(0, 3), 3
    fresh, trained = _count(model()), _count(moved(model()))
    assert (fresh[stored], fresh[products]) == (trained[stored], trained[products])

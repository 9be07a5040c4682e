"""Layers that keep bits: the values and gradients of the plain layers, and nothing else kept for the backward pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import larq_focal as lqf
from larq_focal.keras import keras, tf
from larq_focal.layers import QuantConv2D, QuantDense
from larq_focal.layers.low_memory import LowMemoryConv2D, LowMemoryDense, LowMemoryMaxPooling2D
from larq_focal.layers.low_memory.bits import pack_bits, unpack_bits
from larq_focal.nn import SignAdam
from larq_focal.training import low_memory, low_memory_loss

BINARY = {"kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip", "use_bias": False}


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.lists(st.integers(1, 5), min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_packed_bits_come_back(batch, shape, seed):
    values = np.random.default_rng(seed).random((batch, *shape)) < 0.5
    packed = pack_bits(tf.constant(values))
    assert packed.dtype == tf.uint8
    assert packed.shape == (batch, -(-int(np.prod(shape)) // 8))
    np.testing.assert_array_equal(unpack_bits(packed, shape), values)


def gradients(layer, x, upstream):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    return y, *tape.gradient(y, [x, layer.trainable_variables[0]], output_gradients=upstream)


@pytest.mark.parametrize("quantizer", ["ste_sign", None])
@pytest.mark.parametrize(
    ("plain", "ours", "arguments", "shape"),
    [
        (QuantConv2D, LowMemoryConv2D, (4, 3, 2, "same", 1.0), (11, 6, 5, 3)),  # more samples than one slice
        (QuantConv2D, LowMemoryConv2D, (4, (2, 3)), (3, 6, 5, 3)),
        (QuantDense, LowMemoryDense, (4,), (11, 9)),
    ],
)
def test_values_and_gradients_are_those_of_the_plain_layer(plain, ours, arguments, shape, quantizer):
    x = tf.constant(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    plain, ours = (each(*arguments, input_quantizer=quantizer, **BINARY) for each in (plain, ours))
    y = plain(x)
    ours(x)
    ours.set_weights(plain.get_weights())
    upstream = tf.constant(np.random.default_rng(1).normal(size=y.shape).astype(np.float32))
    expected, actual = gradients(plain, x, upstream), gradients(ours, x, upstream)
    np.testing.assert_allclose(actual[0], expected[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(actual[1], expected[1], rtol=1e-4, atol=1e-5)
    size = np.prod(expected[2].shape)
    np.testing.assert_allclose(actual[2], np.sign(expected[2]) / size**0.5, rtol=1e-5)


def test_max_pools_as_keras_does():
    x = tf.constant(np.random.default_rng(0).normal(size=(3, 6, 4, 5)).astype(np.float32))
    upstream = tf.constant(np.random.default_rng(1).normal(size=(3, 2, 2, 5)).astype(np.float32))
    results = []
    for layer in (keras.layers.MaxPooling2D((3, 2)), LowMemoryMaxPooling2D((3, 2))):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        results.append((y, tape.gradient(y, x, output_gradients=upstream)))
    for expected, actual in zip(*results, strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_of_equal_values_the_first_one_is_the_largest():
    x = tf.ones((1, 2, 2, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = LowMemoryMaxPooling2D()(x)
    np.testing.assert_array_equal(tape.gradient(y, x)[0, ..., 0], [[1, 0], [0, 0]])


def network() -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            QuantConv2D(8, 3, padding="same", pad_values=1, **BINARY),
            layers.BatchNormalization(momentum=0.8),
            QuantConv2D(8, 3, padding="same", pad_values=1, input_quantizer="ste_sign", **BINARY),
            layers.MaxPooling2D(),
            layers.BatchNormalization(momentum=0.8),
            layers.Flatten(),
            QuantDense(3, input_quantizer="ste_sign", **BINARY),
            layers.BatchNormalization(momentum=0.8),
        ]
    )


class _Batches(keras.utils.Sequence):
    """Of which Keras 2 tells a graph no shape."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int):
        return np.full((4, 8, 8, 3), index, np.float32), np.array([0, 1, 2, 0])


def test_a_network_trains_on_batches_of_a_sequence():
    model = low_memory(network())
    model.compile(SignAdam(0.01), low_memory_loss)
    assert np.isfinite(model.fit(_Batches(), epochs=1, verbose=0).history["loss"][0])


@pytest.mark.slow
def test_a_network_trains_in_float16_and_its_float32_twin_converts(tmp_path):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 60)
    x = (rng.normal(size=(3, 8, 8, 3))[labels] + rng.normal(size=(60, 8, 8, 3))).astype(np.float32)
    model = low_memory(network())
    model.compile(SignAdam(0.01), low_memory_loss, metrics=["accuracy"])
    history = model.fit(x, labels, batch_size=20, epochs=10, verbose=0).history
    assert history["accuracy"][-1] > 0.8
    assert {each.dtype.name for each in model.trainable_variables if len(each.shape) > 1} == {"float16"}

    twin = low_memory(network(), "float32")
    twin.set_weights(model.get_weights())
    apart = np.abs(twin.predict(x, verbose=0) - model.predict(x, verbose=0))
    assert np.mean(apart < 0.02) > 0.9  # sums of the first layer that float16 rounds across a threshold change a sign
    audit = lqf.convert(twin, tmp_path / "model.tflite", data=x, strict=True).audit
    assert audit.passed
    assert audit.all_packed


def test_signs_adam_is_adam_where_all_gradients_have_one_magnitude():
    rng = np.random.default_rng(0)
    start, shift = rng.normal(size=(4, 3)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    variables = [[tf.Variable(start), tf.Variable(shift)] for _ in range(2)]
    for optimizer, own in zip((keras.optimizers.Adam(0.01), SignAdam(0.01)), variables, strict=True):
        steps = np.random.default_rng(1)
        for _ in range(5):
            signs = np.where(steps.random((4, 3)) < 0.5, -0.1, 0.1).astype(np.float32)
            pairs = [tf.constant(signs), tf.constant(steps.normal(size=4).astype(np.float32))]
            optimizer.apply_gradients(zip(pairs, own, strict=True))
    for expected, actual in zip(*variables, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LowMemoryConv2D(4, 3), "kernel_quantizer must be 'ste_sign'"),
        (
            lambda: LowMemoryDense(4, input_quantizer="swish_sign", **BINARY),
            "input_quantizer must be 'ste_sign' or None",
        ),
        (lambda: LowMemoryDense(4, **{**BINARY, "use_bias": True}), "has no bias and no activation"),
        (lambda: LowMemoryMaxPooling2D(3, 2), "windows must not overlap"),
        (lambda: LowMemoryMaxPooling2D(2)(np.ones((1, 5, 4, 1))), "images of 5x4 do not divide into windows"),
        (
            lambda: low_memory(keras.Sequential([keras.layers.Input((4,)), keras.layers.ReLU(name="relu")])),
            "'relu' is a ReLU, which has no form that keeps bits",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

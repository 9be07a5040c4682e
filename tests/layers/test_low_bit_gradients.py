"""Formats of gradients: their values, identities and means; a layer that computes its gradients with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import larq_focal as lqf
from larq_focal.keras import keras, tf
from larq_focal.layers import QuantConv2D
from larq_focal.layers.low_bit_gradients import (
    LowBitGradientConv2D,
    MultiLevelGradient,
    RadixFourGradient,
    multi_level,
    power_of_two,
    radix_four,
    small_float,
)

SEEDS = st.integers(0, 2**32 - 1)
UNITS = st.lists(st.floats(0, 1, width=32, allow_subnormal=False), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(2.0**-100, 2.0**100, width=32), min_size=1, max_size=10), st.integers(-100, 100))
def test_powers_of_two_are_exact(values, exponent):
    x = np.float32([*values, 2.0**exponent])
    power = power_of_two(tf.constant(x)).numpy()
    np.testing.assert_array_equal(power, 2.0 ** np.floor(np.log2(x.astype(np.float64))))


def test_the_values_of_two_exponent_bits_and_one_of_mantissa():
    x = np.linspace(0, 1, 4097, dtype=np.float32)
    found = np.unique(small_float(tf.constant(x), 2, 1, 0.5))
    np.testing.assert_array_equal(found, np.float32([0, 1 / 16, 1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1]))


@settings(max_examples=60, deadline=None)
@given(UNITS, st.integers(0, 5), st.integers(0, 5))
def test_rounding_at_random_is_unbiased(values, exponent_bits, mantissa_bits):
    """The mean over noise that is spread evenly from 0 to 1 is the value, to half of a step of the noise."""
    x = np.float32(values)[None]
    noise = ((np.arange(1024) + 0.5) / 1024).astype(np.float32)[:, None]
    rounded = small_float(tf.constant(np.repeat(x, 1024, 0)), exponent_bits, mantissa_bits, tf.constant(noise)).numpy()
    np.testing.assert_allclose(rounded.mean(0), x[0], atol=2e-3)
    levels = np.array([len(np.unique(column)) for column in rounded.T])
    assert levels.max() <= 2  # the neighbours
    assert rounded.max() <= 1


def drawn(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(3, 4, 2, 5)) * 10.0 ** rng.uniform(-4, 2, (3, 1, 1, 5))).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_with_the_bits_of_float32_it_is_the_identity(seed):
    x = drawn(seed)
    np.testing.assert_allclose(multi_level(tf.constant(x), 0.5, 8, 23), x, rtol=3e-7)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 3), st.integers(0, 3))
def test_the_scale_of_a_group_bounds_its_error(seed, exponent_bits, mantissa_bits):
    """A group's scale is at most 1.5 times its maximum with one bit of mantissa, and an element a step beside."""
    x = drawn(seed)
    noise = np.random.default_rng(seed).random(x.shape, np.float32)
    error = np.abs(multi_level(tf.constant(x), tf.constant(noise), exponent_bits, mantissa_bits) - x)
    largest = np.abs(x).max((1, 2), keepdims=True)
    assert np.all(error <= 1.5 * largest * 2.0**-mantissa_bits + 1e-6 * largest)


def test_zeros_stay():
    np.testing.assert_array_equal(multi_level(tf.zeros((2, 3, 3, 2)), 0.9), np.zeros((2, 3, 3, 2)))
    np.testing.assert_array_equal(radix_four(tf.zeros((2, 3)), 1), np.zeros((2, 3)))


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from([0, 1]))
def test_radix_four_has_these_codes_at_the_scale_of_the_largest(seed, phase):
    x = np.random.default_rng(seed).normal(size=500).astype(np.float32) ** 3
    codes = radix_four(tf.constant(x), phase).numpy() / (np.abs(x).max() / 64)
    known = np.array([0, *(4.0 ** np.arange(-3, 4))]) / 2**phase
    assert np.abs(np.abs(codes)[:, None] - known).min(1).max() < 1e-4
    assert np.abs(codes).max() == pytest.approx(64 / 2**phase, rel=1e-5)
    value = np.abs(x) / (np.abs(x).max() / 64)
    nearest = np.abs(value[:, None] - known).min(1)
    np.testing.assert_allclose(np.abs(np.abs(codes) - value), nearest, atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0.5, 3))
def test_two_phases_err_less_together_than_the_worse_one(seed, power):
    x = np.abs(np.random.default_rng(seed).normal(size=400)).astype(np.float32) ** power
    biases = [np.mean(radix_four(tf.constant(x), phase).numpy() - x) for phase in (0, 1)]
    assert abs(np.mean(biases)) <= max(map(abs, biases)) + 1e-7


@pytest.mark.parametrize("quantizer", [MultiLevelGradient(3, 2, seed=0), RadixFourGradient()])
def test_a_layer_computes_its_gradients_with_the_rounded_one(quantizer):
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(3, 6, 5, 2)).astype(np.float32))
    options = {"padding": "same", "pad_values": 1.0, "strides": 2, "kernel_quantizer": "ste_sign"}
    options["kernel_constraint"] = "weight_clip"
    plain, ours = QuantConv2D(4, 3, **options), LowBitGradientConv2D(4, 3, gradient_quantizer=quantizer, **options)
    y, _ = plain(x), ours(x)
    ours.set_weights([*plain.get_weights(), *ours.get_weights()[2:]])
    upstream = tf.constant(rng.normal(size=y.shape).astype(np.float32))
    seeds = quantizer.next_seed()
    if seeds:  # the layer draws the next one
        quantizer.noise_state.assign(seeds[0])
    for_inputs, for_kernel = quantizer.pair(upstream, *seeds)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        outputs, expected = ours(x), plain(x)
    np.testing.assert_array_equal(outputs, expected)
    by_x, by_kernel = tape.gradient(outputs, [x, ours.kernel], output_gradients=upstream)
    np.testing.assert_allclose(by_x, tape.gradient(expected, x, output_gradients=for_inputs), rtol=1e-5, atol=1e-5)
    by_plain = tape.gradient(expected, plain.kernel, output_gradients=for_kernel)
    np.testing.assert_allclose(by_kernel, by_plain, rtol=1e-5, atol=1e-5)


def test_it_is_saved_and_converts_as_the_plain_layer(tmp_path):
    layer = LowBitGradientConv2D(
        4, 3, gradient_quantizer=MultiLevelGradient(seed=1), kernel_quantizer="ste_sign", input_quantizer="ste_sign",
        kernel_constraint="weight_clip", padding="same", pad_values=1,
    )  # fmt: skip
    model = keras.Sequential([keras.layers.Input((6, 6, 8)), layer, keras.layers.BatchNormalization()])
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 8)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
    assert loaded.layers[0].gradient_quantizer.get_config() == layer.gradient_quantizer.get_config()
    assert lqf.convert(loaded, tmp_path / "model.tflite", data=x, strict=True).audit.all_packed


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiLevelGradient(9), "exponents have 0 to 8 bits and mantissas 0 to 23, not 9 and 1"),
        (lambda: LowBitGradientConv2D(4, 3), "gradient_quantizer must be a MultiLevelGradient or a RadixFourGradient"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

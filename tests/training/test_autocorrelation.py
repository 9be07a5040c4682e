"""Eigenvalues of what a layer's outputs see, against NumPy and against the training that they foretell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.training import autocorrelation_spectrum

layers = keras.layers
RNG = np.random.default_rng(0)


def built(layer: keras.layers.Layer, shape: tuple[int, ...]) -> keras.layers.Layer:
    keras.utils.set_random_seed(0)
    layer.build((None, *shape))
    return layer


def white(count: int, size: int) -> np.ndarray:
    """Inputs whose autocorrelation is the identity, exactly."""
    vectors, _ = np.linalg.qr(RNG.normal(size=(count, size)))
    return vectors * np.sqrt(count)


def test_white_inputs_have_a_spread_of_one():
    found = autocorrelation_spectrum(built(layers.Dense(4), (6,)), white(50, 6))
    np.testing.assert_allclose(found.eigenvalues, 1, rtol=1e-5)
    assert found.spread == pytest.approx(1, rel=1e-5) and found.largest_stable_rate == pytest.approx(2, rel=1e-5)
    assert (found.rank, found.windows) == (6, 50)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), offset=st.floats(-2, 2))
def test_eigenvalues_are_those_of_numpy(seed, offset):
    x = np.random.default_rng(seed).normal(offset, [1, 2, 3], (40, 3)).astype(np.float32)
    found = autocorrelation_spectrum(built(layers.Dense(2), (3,)), x)
    np.testing.assert_allclose(found.eigenvalues, np.linalg.eigvalsh(x.T @ x / 40)[::-1], rtol=1e-3)
    np.testing.assert_allclose(found.centred_eigenvalues, np.linalg.eigvalsh(np.cov(x.T, bias=True))[::-1], rtol=1e-3)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("options", [{}, {"strides": 2}, {"dilation_rate": 2}, {"strides": (1, 3)}])
@pytest.mark.parametrize("quantized", [False, True])
def test_windows_are_what_the_convolution_sees(padding, options, quantized):
    """The power and the variance of its outputs follow from them."""
    kind, options = layers.Conv2D, {"padding": padding, "use_bias": False, **options}
    if quantized:
        kind = lq.layers.QuantConv2D
        options |= {"input_quantizer": "ste_sign", "kernel_quantizer": "magnitude_aware_sign", "pad_values": 1}
        options |= {"kernel_constraint": "weight_clip"}
    layer = built(kind(5, (3, 2), **options), (7, 8, 2))
    x = RNG.normal(0.3, 1, (6, 7, 8, 2)).astype(np.float32)
    outputs = layer(x).numpy().reshape(-1, 5)
    found = autocorrelation_spectrum(layer, x)
    assert found.windows == len(outputs)
    np.testing.assert_allclose(found.output_variance, outputs.var(0), rtol=1e-4)


def descended(x: np.ndarray, rate: float, steps: int = 300) -> float:
    """The loss that gradient descent reaches from random weights, by what it began with."""
    layer = built(layers.Dense(1, use_bias=False), (x.shape[1],))
    inputs, target, optimizer = tf.constant(x, tf.float32), np.zeros((len(x), 1)), keras.optimizers.SGD(rate)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((layer(inputs) - target) ** 2) / 2
        optimizer.apply_gradients([(tape.gradient(loss, layer.kernel), layer.kernel)])
        return loss

    first = float(step())
    return [float(step()) for _ in range(steps)][-1] / first


def test_the_largest_stable_rate_is_the_edge_of_convergence():
    x = RNG.normal(0.5, [1, 0.5, 2, 1], (60, 4)).astype(np.float32)
    rate = autocorrelation_spectrum(built(layers.Dense(1), (4,)), x).largest_stable_rate
    assert descended(x, 0.95 * rate) < 1e-2
    assert descended(x, 1.05 * rate) > 1e3


def test_in_the_first_step_batch_normalisation_is_normalised_lms():
    layer = built(layers.Conv2D(256, 3, kernel_initializer="random_normal"), (12, 12, 4))
    x = RNG.normal(2, 3, (20, 12, 12, 4)) * [0.1, 1, 1, 1]
    ratio = autocorrelation_spectrum(layer, x).nlms_ratio
    assert ratio.mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("factor", [0.25, 16.0])
def test_with_batch_normalisation_the_scale_of_the_inputs_does_not_matter(factor):
    """Neither to the step of the weights nor to the rate at which it is stable."""
    layer, norm = built(layers.Dense(5, use_bias=False), (6,)), layers.BatchNormalization(epsilon=1e-9)
    x, upstream = RNG.normal(0.2, 1, (30, 6)).astype(np.float32), RNG.normal(size=(30, 5)).astype(np.float32)

    def gradient(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(norm(layer(inputs), training=True) * upstream)
        return tape.gradient(loss, layer.kernel).numpy()

    np.testing.assert_allclose(gradient(factor * x), gradient(x), rtol=1e-3, atol=1e-4)
    found, scaled = (autocorrelation_spectrum(layer, each) for each in (x, factor * x))
    assert scaled.largest_stable_rate == pytest.approx(found.largest_stable_rate / factor**2, rel=1e-4)
    same = found.largest_stable_rate_normalised
    assert scaled.largest_stable_rate_normalised == pytest.approx(same, rel=1e-4)
    np.testing.assert_allclose(scaled.nlms_ratio, found.nlms_ratio, rtol=1e-4)


def test_windows_are_drawn_where_there_are_many():
    layer, x = built(layers.Conv2D(2, 3), (16, 16, 1)), RNG.normal(size=(20, 16, 16, 1))
    some, again = (autocorrelation_spectrum(layer, x, windows=1000) for _ in range(2))
    assert some.windows == 1000
    np.testing.assert_array_equal(some.eigenvalues, again.eigenvalues)
    np.testing.assert_allclose(some.eigenvalues, autocorrelation_spectrum(layer, x).eigenvalues, rtol=0.3)


def test_inputs_that_hang_together_have_fewer_ranks():
    x = RNG.normal(size=(30, 3))
    found = autocorrelation_spectrum(built(layers.Dense(2), (6,)), np.concatenate([x, x], axis=1))
    assert found.rank == 3 and found.spread < 1e3


def test_it_prints_what_it_found():
    text = str(autocorrelation_spectrum(built(layers.Dense(4, name="dense"), (6,)), white(50, 6)))
    assert "inputs of dense" in text and "NLMS ratio" in text and "2" in text


@pytest.mark.parametrize(
    ("layer", "data", "message"),
    [
        (layers.Dense(2, name="d"), np.ones((3, 4)), "'d' has no weights yet"),
        (built(layers.Dense(2, name="d"), (4,)), np.ones((3, 5)), r"takes inputs \[n, ..., 4\], not \(3, 5\)"),
        (built(layers.Dense(2, name="d"), (4,)), np.ones((0, 4)), r"not \(0, 4\)"),
        (built(layers.Dense(2, name="d"), (4,)), np.zeros((3, 4)), "all inputs of 'd' are 0"),
        (built(layers.Conv2D(2, 3, name="c"), (5, 5, 4)), np.ones((3, 4)), "'c' takes images"),
        (built(layers.Conv2D(4, 3, groups=2), (5, 5, 4)), np.ones((3, 5, 5, 4)), "in one group"),
        (layers.ReLU(name="r"), np.ones((3, 4)), r"'r' \(ReLU\) must be a dense layer or a convolution"),
    ],
)
def test_refuses_what_it_cannot_read(layer, data, message):
    with pytest.raises(ValueError, match=message):
        autocorrelation_spectrum(layer, data)

"""An over-parameterised network and its fold compute the same, block by block, and convert to the same file."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import larq_focal as lqf
from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import QUANTIZERS
from larq_focal.training import BranchedConv2D, BranchedKernel, ParallelNormalization, fold

layers = keras.layers
IMAGE = (8, 9, 4)
KERNEL_QUANTIZERS = [row.alias for row in QUANTIZERS if row.kernel and "noise_state" not in row.state]
CLIPPED = "weight_clip"


def randomised(model: keras.Model, seed: int = 0) -> keras.Model:
    """With weights of a training: none at its start, variances and deviations positive."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        name, shape = weight.name, weight.shape
        values = rng.normal(0, 0.5, shape)
        if any(word in name for word in ("variance", "deviation", "step", "alpha", "clip")):
            values = np.abs(values) + 0.3
        if "memory" in name:
            values = np.sign(values)
        if any(word in name for word in ("steepness", "tau", "initial_magnitude")):
            continue
        weight.assign(values)
    return model


def images(count: int = 6) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, *IMAGE)).astype(np.float32)


def model_of(*blocks: keras.layers.Layer) -> keras.Model:
    return randomised(keras.Sequential([keras.Input(IMAGE), *blocks]))


def assert_folds(model: keras.Model, rtol: float = 2e-6) -> keras.Model:
    folded, x = fold(model), images()
    outputs = model(x).numpy()
    assert np.ptp(outputs) > 0
    np.testing.assert_allclose(folded(x), outputs, rtol=0, atol=rtol * np.abs(outputs).max())
    return folded


@pytest.mark.parametrize("alias", KERNEL_QUANTIZERS)
def test_a_branched_kernel_becomes_its_sum(alias):
    """Bit by bit: it is the same sum that both quantize."""
    kernel = BranchedKernel(alias)
    binary = lq.layers.QuantConv2D(5, 3, input_quantizer="ste_sign", kernel_quantizer=kernel, kernel_constraint=CLIPPED)
    folded = assert_folds(model_of(binary), rtol=0).layers[0]
    assert type(folded) is type(binary) and type(folded.kernel_quantizer) is type(kernel.quantizer)
    assert folded.get_weights()[0].shape == (3, 3, 4, 5)


@pytest.mark.parametrize("size", [(3, 3), (1, 1), (2, 4), (5, 1)])
def test_branches_stand_in_the_middle(size):
    """Against the sum in NumPy; where there is no middle, before it."""
    kernel = BranchedKernel("magnitude_aware_sign")
    model_of(lq.layers.QuantConv2D(5, size, kernel_quantizer=kernel, kernel_constraint=CLIPPED))
    whole = np.random.default_rng(2).normal(0, 0.1, (*size, 4, 5)).astype(np.float32)
    scales = [scale.numpy() for scale in kernel.scales]
    expected, (top, left) = scales[0] * whole, [(each - 1) // 2 for each in size]
    expected[top : top + 1] += scales[1] * kernel.kernels[0].numpy()
    expected[:, left : left + 1] += scales[2] * kernel.kernels[1].numpy()
    expected[top : top + 1, left : left + 1] += scales[3] * kernel.kernels[2].numpy()
    np.testing.assert_allclose(kernel.merged(tf.constant(whole)), np.clip(expected, -1, 1), rtol=1e-5, atol=1e-6)


def test_a_branched_kernel_begins_as_the_plain_one_and_trains_every_branch():
    keras.utils.set_random_seed(0)
    kernel = BranchedKernel("ste_sign")
    layer = lq.layers.QuantConv2D(5, 3, kernel_quantizer=kernel, kernel_constraint=CLIPPED)
    model = keras.Sequential([keras.Input(IMAGE), layer, layers.GlobalAveragePooling2D()])
    with lq.context.quantized_scope(True):
        quantized = layer.kernel.numpy()
    np.testing.assert_array_equal(quantized, np.where(layer.kernel.latent_variable.numpy() >= 0, 1, -1))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = [weight.numpy() for weight in (*kernel.kernels, *kernel.scales)]
    model.fit(images(), np.ones((6, 5)), epochs=2, verbose=0)
    after = [weight.numpy() for weight in (*kernel.kernels, *kernel.scales)]
    assert all(np.any(a != b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("strides", [1, 2, (1, 3)])
@pytest.mark.parametrize("filters", [4, 6])
@pytest.mark.parametrize("size", [3, (1, 5), 1])
def test_a_branched_convolution_becomes_one(strides, filters, size):
    branched = BranchedConv2D(filters, size, strides)
    folded = assert_folds(model_of(branched))
    assert len(branched.normalizations) == (3 if (strides, filters) == (1, 4) else 2)
    assert type(folded.layers[0]) is layers.Conv2D and folded.output_shape == (None, *branched_shape(branched))


def branched_shape(layer: BranchedConv2D) -> tuple[int, ...]:
    return layer.compute_output_shape((None, *IMAGE))[1:]


def test_a_parallel_normalisation_becomes_one_with_the_statistics_of_its_inputs():
    parallel = ParallelNormalization(momentum=0.9)
    folded = assert_folds(model_of(parallel)).layers[0]
    assert type(folded) is layers.BatchNormalization and folded.momentum == 0.9
    np.testing.assert_array_equal(folded.moving_mean, parallel.by_square.moving_mean)
    np.testing.assert_array_equal(folded.moving_variance, parallel.by_square.moving_variance)


def test_in_training_a_parallel_normalisation_is_the_mean_of_two():
    x = images() * 3 + 1
    mean, centred = x.mean((0, 1, 2)), x - x.mean((0, 1, 2))
    by_square = centred / np.sqrt(x.var((0, 1, 2)) + 1e-3)
    by_magnitude = centred / (np.abs(x - mean).mean((0, 1, 2)) + 1e-3)
    parallel = ParallelNormalization()
    np.testing.assert_allclose(parallel(x, training=True), (by_square + by_magnitude) / 2, rtol=1e-4, atol=1e-4)


def binary_block(filters: int) -> list[keras.layers.Layer]:
    kernel = BranchedKernel("hysteresis_sign")
    binary = {"input_quantizer": "ste_sign", "kernel_quantizer": kernel, "pad_values": 1, "use_bias": False}
    return [lq.layers.QuantConv2D(filters, 3, padding="same", **binary), ParallelNormalization()]


def network() -> keras.Model:
    inner = keras.Sequential([keras.Input((8, 9, 8)), *binary_block(8)], name="inner")
    return keras.Sequential(
        [keras.Input(IMAGE), BranchedConv2D(8), *binary_block(8), inner, layers.Flatten(), layers.Dense(3)]
    )


def trained(model: keras.Model) -> keras.Model:
    model.compile("adam", "mse")
    model.fit(images(16), np.random.default_rng(2).normal(size=(16, 3)), epochs=4, verbose=0)
    return model


@pytest.mark.slow
def test_a_trained_network_with_a_model_inside_folds_and_both_convert(tmp_path):
    model = trained(network())
    folded = assert_folds(model)
    assert fold(folded).count_params() == folded.count_params() < model.count_params()
    audits = [
        lqf.convert(each, tmp_path / f"{index}.tflite", data=images()).audit
        for index, each in enumerate((model, folded))
    ]
    assert all(audit.passed and audit.all_packed for audit in audits)
    sizes = [(tmp_path / f"{index}.tflite").stat().st_size for index in (0, 1)]
    assert abs(sizes[0] - sizes[1]) < 200  # but for the names


@pytest.mark.slow
def test_it_is_saved_and_loaded(tmp_path):
    model = trained(network())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images()), model(images()))
    loaded.fit(images(), np.zeros((6, 3)), verbose=0)
    assert_folds(loaded)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), branches=st.sets(st.sampled_from(["rows", "columns", "point"])))
def test_any_branches_fold(seed, branches):
    kernel = BranchedKernel("xnor_sign", sorted(branches))
    binary = lq.layers.QuantConv2D(3, 3, input_quantizer="ste_sign", kernel_quantizer=kernel, kernel_constraint=CLIPPED)
    assert_folds(randomised(keras.Sequential([keras.Input(IMAGE), binary, ParallelNormalization()]), seed))


class Wrapped(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = ParallelNormalization()

    def call(self, inputs):
        return self.inner(inputs)


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: keras.Sequential([keras.Input(IMAGE), Wrapped(name="wrapped")]), "'wrapped' has a ParallelNorm"),
        (Subclassed, "must be a functional or sequential model"),
    ],
)
def test_refuses_what_it_cannot_replace(model, message):
    with pytest.raises(ValueError, match=message):
        fold(model())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BranchedKernel("ste_sign", ("diagonal",)), "branches must be of rows, columns, point"),
        (lambda: BranchedKernel("ste_sign").build((3, 4)), r"a kernel has four axes.*\(3, 4\)"),
        (lambda: BranchedConv2D(4, 2), r"kernel_size must be odd, .* \(2, 2\)"),
    ],
)
def test_refuses_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()

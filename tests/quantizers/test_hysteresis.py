from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.keras import keras, tf
from larq_focal.keras import larq as lq
from larq_focal.quantizers import HysteresisSign, schmitt_trigger
from tests.support.lce import converted, lce_outputs, operators
from tests.support.quantizer_contract import QuantizerContract, ValuesContract, small_numbers


def sign(x):
    return np.where(x >= 0, 1, -1).astype(np.float32)


def numpy_schmitt_trigger(path, threshold):
    """The memory after each latent weight of ``path``, one weight at a time; the first value decides by its sign."""
    memory, memories = None, []
    for latent in path:
        if latent >= threshold:
            memory = 1
        elif latent <= -threshold:
            memory = -1
        elif memory is None:
            memory = 1 if latent >= 0 else -1
        memories.append(memory)
    return memories


def trained_path(quantizer, path):
    """The quantized values of a single weight that takes the values of ``path`` in successive training steps."""
    return [float(quantizer(tf.constant([latent]), training=True)[0]) for latent in path]


class TestHysteresisSign(QuantizerContract):
    alias = "hysteresis_sign"
    role = "kernel"
    values = small_numbers(0.1, -0.1, 0.05, -0.05)
    changed_by_training = frozenset({"memory", "initial_magnitude"})

    def forward(self, x, quantizer):
        return np.abs(x).mean() * sign(x)

    def gradient(self, x, upstream, quantizer):
        return upstream


class TestHysteresisSignPerChannel(ValuesContract):
    alias = "hysteresis_sign"
    config: ClassVar = {"threshold": 0.05, "scale": "channel", "relative": False}

    def forward(self, x, quantizer):
        return np.abs(x).mean((0, 1, 2)) * sign(x)

    def gradient(self, x, upstream, quantizer):
        return upstream


class TestHysteresisSignByQuantile(ValuesContract):
    alias = "hysteresis_sign"
    config: ClassVar = {"quantile": 0.25, "scale": "channel"}

    def built(self):
        """With a memory of its own for each weight, from a step before."""
        quantizer = super().built()
        quantizer.memory.assign(np.random.default_rng(3).choice([-1.0, 1.0], quantizer.memory.shape))
        return quantizer

    def forward(self, x, quantizer):
        ordered = np.sort(np.abs(x).reshape(-1, x.shape[-1]), axis=0)
        threshold = ordered[len(ordered) // 4]  # a quarter of the weights are smaller, or equal where some are
        memory = quantizer.memory.numpy()
        return np.abs(x).mean((0, 1, 2)) * np.where(np.abs(x) >= threshold, sign(x), memory)

    def gradient(self, x, upstream, quantizer):
        return upstream


class TestHysteresisSignWithoutScale(ValuesContract):
    alias = "hysteresis_sign"
    config: ClassVar = {"scale": None}

    def forward(self, x, quantizer):
        return sign(x)

    def gradient(self, x, upstream, quantizer):
        return upstream


def test_follows_the_published_loop():
    """The loop of the figure in wxwang0104/Quantized_ResNet with its threshold of 0.1, worked by hand."""
    path = [0.30, 0.05, -0.05, -0.09, -0.11, -0.02, 0.08, 0.10, 0.02, -0.30]
    signs = [1, 1, 1, 1, -1, -1, -1, 1, 1, -1]
    assert trained_path(HysteresisSign(0.1, None, relative=False), path) == signs
    np.testing.assert_allclose(trained_path(HysteresisSign(0.1, relative=False), path), np.abs(path) * signs, rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(path=st.lists(small_numbers(0.25, -0.25), min_size=1, max_size=12), threshold=st.sampled_from([0.0, 0.25, 1.0]))
def test_is_a_schmitt_trigger(path, threshold):
    assert trained_path(HysteresisSign(threshold, None, relative=False), path) == numpy_schmitt_trigger(path, threshold)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.floats(-0.5, 0.5, width=32), min_size=2, max_size=40),
    thresholds=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_larger_threshold_flips_no_more_often(steps, thresholds):
    path = tf.constant(np.cumsum(steps), tf.float32)

    def flips(threshold):
        memory, count = tf.zeros(()), 0
        for latent in path:
            before, memory = memory, schmitt_trigger(latent, memory, threshold)
            count += int(before * memory < 0)
        return count

    assert flips(max(thresholds)) <= flips(min(thresholds))


def test_without_a_threshold_it_is_the_magnitude_aware_sign_of_the_tensor():
    path = np.random.default_rng(0).normal(size=(5, 7, 1)).astype(np.float32)
    quantizer, reference = HysteresisSign(threshold=0), lq.quantizers.MagnitudeAwareSign()
    for latent in path:
        np.testing.assert_allclose(quantizer(latent, training=True), reference(latent), rtol=1e-6)


@pytest.mark.parametrize("scale", ["tensor", "channel", None])
@pytest.mark.parametrize("quantile", [0.0, 0.3, 0.9])
def test_by_quantile_that_share_of_the_weights_keeps_its_sign(scale, quantile):
    """Of weights that all turn their sign, whatever their magnitude; in each channel where the scale is."""
    w = np.random.default_rng(0).normal(size=(5, 5, 8, 4)).astype(np.float32) * np.float32([1, 2, 4, 8])
    quantizer = HysteresisSign(scale=scale, quantile=quantile)
    quantizer(w, training=True)
    kept = np.sign(quantizer(-w, training=True)) == np.sign(w)
    shares = kept.mean((0, 1, 2)) if scale == "channel" else kept.mean()
    np.testing.assert_allclose(shares, quantile, atol=1e-6)


class KernelsSeen(keras.callbacks.Callback):
    """The latent kernel at the start of every training step."""

    def on_train_begin(self, logs=None):
        self.kernels = []

    def on_train_batch_begin(self, batch, logs=None):
        self.kernels.append(self.model.get_layer("conv").kernel.latent_variable.numpy())


@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize("reads", [1, 3])
def test_memory_advances_once_per_optimizer_step(run_eagerly, reads):
    keras.utils.set_random_seed(0)
    layer = lq.layers.QuantConv2D(
        4, 3, padding="same", kernel_quantizer=HysteresisSign(0.05, relative=False), name="conv"
    )
    inputs = outputs = keras.Input((5, 5, 4))
    for _ in range(reads):
        outputs = layer(outputs)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.5), "mse", run_eagerly=run_eagerly)
    rng = np.random.default_rng(0)
    seen = KernelsSeen()
    model.fit(rng.normal(size=(32, 5, 5, 4)), rng.normal(size=(32, 5, 5, 4)), 4, 2, verbose=0, callbacks=[seen])

    kernels = np.array(seen.kernels)
    expected = np.array([numpy_schmitt_trigger(path, np.float32(0.05)) for path in kernels.reshape(16, -1).T])
    memory = layer.kernel_quantizer.memory.numpy().ravel()
    np.testing.assert_array_equal(memory, expected[:, -1])
    flips = np.sum(expected[:, 1:] != expected[:, :-1])
    flips_of_sign = np.sum(np.diff(sign(kernels), axis=0) != 0)
    assert 0 < flips < flips_of_sign  # the path crosses the loop, and the loop holds some of it


def test_inference_sees_what_the_next_training_step_will():
    quantizer = HysteresisSign(0.1, None, relative=False)
    quantizer(tf.constant([0.3, 0.3]), training=True)
    latent = tf.constant([-0.05, -0.2])
    np.testing.assert_array_equal(quantizer(latent, training=False), [1, -1])
    np.testing.assert_array_equal(quantizer.memory, [1, 1])
    np.testing.assert_array_equal(quantizer(latent, training=True), [1, -1])
    np.testing.assert_array_equal(quantizer.memory, [1, -1])


@pytest.mark.parametrize(
    ("scale", "quantile", "magnitudes"),
    [("tensor", None, 1), ("channel", None, 4), (None, None, 1), ("channel", 0.5, 4)],
)
def test_every_scale_and_threshold_packs(scale, quantile, magnitudes):
    keras.utils.set_random_seed(0)
    quantizer = HysteresisSign(scale=scale, quantile=quantile)
    layer = lq.layers.QuantConv2D(4, 3, input_quantizer="ste_sign", kernel_quantizer=quantizer)
    model = keras.Sequential([keras.Input((5, 5, 8)), layer])
    images = np.random.default_rng(0).normal(size=(3, 5, 5, 8)).astype(np.float32)
    model(images, training=True)
    with lq.context.quantized_scope(True):
        assert len(np.unique(np.abs(layer.kernel.numpy()))) == magnitudes
    flatbuffer = converted(model)
    assert operators(flatbuffer) == {"LceQuantize": 1, "LceBconv2d": 1}
    np.testing.assert_allclose(lce_outputs(flatbuffer, images), model(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("filters", [4, 5])
def test_refuses_a_second_layer(filters):
    quantizer = HysteresisSign(name="shared")
    first = lq.layers.QuantConv2D(4, 3, kernel_quantizer=quantizer, name="first")
    second = lq.layers.QuantConv2D(filters, 3, padding="same", kernel_quantizer=quantizer, name="second")
    inputs = keras.Input((5, 5, 4))
    first(inputs)
    first(inputs)
    with pytest.raises(ValueError, match=r"'shared' remembers the weights of layer 'first'.*'second'.*new instance"):
        second(inputs)


def test_refuses_a_second_kernel_of_one_layer():
    quantizer = HysteresisSign(name="shared")
    layer = lq.layers.QuantSeparableConv2D(4, 3, depthwise_quantizer=quantizer, pointwise_quantizer=quantizer)
    with pytest.raises(ValueError, match=r"'shared' remembers weights of shape .* its own instance"):
        layer(np.ones((1, 5, 5, 3), np.float32))


WIDE, NARROW = (3, 3, 512, 8), (3, 3, 4, 8)


@pytest.mark.parametrize("shape", [WIDE, NARROW], ids=["wide", "narrow"])
def test_in_every_layer_the_threshold_is_a_multiple_of_its_initial_scale(shape):
    """Of Glorot's uniform weights up to a, those below half of the mean magnitude a / 2 are a quarter. The published
    threshold lets none of a wide layer's reach it."""
    keras.utils.set_random_seed(0)
    weights = keras.initializers.GlorotUniform()(shape)
    quantizer, published = HysteresisSign(0.5, None), HysteresisSign(0.1, None, relative=False)
    held = [np.mean(each(weights, training=True) == each(-weights)) for each in (quantizer, published)]
    np.testing.assert_allclose(held[0], 0.25, atol=0.03)
    assert (held[1] == 1) == (shape == WIDE)


def test_the_scale_is_that_of_the_first_training_step():
    quantizer = HysteresisSign(0.5, None)
    quantizer(tf.constant([4.0, -4.0]))  # inference stores nothing
    quantizer(tf.constant([1.0, -1.0]), training=True)
    assert quantizer.initial_magnitude.numpy() == 1
    np.testing.assert_array_equal(quantizer(tf.constant([-0.4, 100.0]), training=True), [1, 1])
    np.testing.assert_array_equal(quantizer(tf.constant([-0.5, 0.4]), training=True), [-1, 1])
    assert quantizer.initial_magnitude.numpy() == 1


def test_weights_of_zero_have_no_scale_yet():
    quantizer = HysteresisSign(0.5, None)
    np.testing.assert_array_equal(quantizer(tf.zeros(2), training=True), [1, 1])
    quantizer(tf.constant([2.0, -2.0]), training=True)
    assert quantizer.initial_magnitude.numpy() == 2


class Nested(keras.layers.Layer):
    """A quantized layer inside of a layer."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = lq.layers.QuantConv2D(4, 3, kernel_quantizer=HysteresisSign(0.3), input_quantizer="ste_sign")

    def call(self, inputs):
        return self.inner(inputs)


def test_the_scale_is_saved_with_a_nested_layer(tmp_path):
    def trained():
        model = keras.Sequential([keras.Input((5, 5, 4)), Nested()])
        model.compile(keras.optimizers.SGD(0.5), "mse")
        return model

    rng = np.random.default_rng(0)
    data = rng.normal(size=(8, 5, 5, 4)), rng.normal(size=(8, 3, 3, 4))
    model = trained()
    model.fit(*data, epochs=3, verbose=0)
    quantizer = model.layers[0].inner.kernel_quantizer
    scale, weights = quantizer.initial_magnitude.numpy(), model.layers[0].inner.get_weights()[0]
    assert 0 < scale != np.abs(weights).mean()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", {"Nested": Nested})
    again = loaded.layers[0].inner.kernel_quantizer
    assert (again.initial_magnitude.numpy(), again.threshold) == (scale, 0.3)
    for each in (model, loaded):
        each.fit(*data, epochs=3, verbose=0)
    np.testing.assert_array_equal(model.predict(data[0], verbose=0), loaded.predict(data[0], verbose=0))


def test_serves_every_kernel_by_its_alias():
    layer = lq.layers.QuantSeparableConv2D(
        4, 3, depthwise_quantizer="hysteresis_sign", pointwise_quantizer="hysteresis_sign"
    )
    layer(np.ones((1, 5, 5, 3), np.float32), training=True)
    assert [weight.shape.as_list() for weight in layer.non_trainable_weights] == [[3, 3, 3, 1], [], [1, 1, 3, 4], []]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"threshold": -0.1}, "threshold must not be negative, but is -0.1"),
        ({"quantile": 1.0}, "quantile must be from 0 to 1, without 1, but is 1.0"),
        ({"quantile": -0.1}, "quantile must be from 0 to 1, without 1, but is -0.1"),
        ({"scale": "filter"}, 'scale must be "tensor", "channel" or None, but is \'filter\''),
    ],
)
def test_refuses_bad_arguments(config, message):
    with pytest.raises(ValueError, match=message):
        HysteresisSign(**config)

"""Statistics taken again: those of each layer's inputs, in networks that are in use."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from larq_focal.layers import L1BatchNormalization
from larq_focal.nn import QuantConv2D, keras, ops
from larq_focal.quantizers import GumbelSign
from larq_focal.training import recalibrate_normalisations

layers = keras.layers
IMAGES = np.random.default_rng(0).normal(1, 2, (300, 6, 6, 2)).astype(np.float32)


def network(quantizer="ste_sign") -> keras.Model:
    keras.utils.set_random_seed(0)
    if callable(quantizer):
        first, second = quantizer(), quantizer()
    else:
        first = second = quantizer
    image = layers.Input((6, 6, 2))
    x = QuantConv2D(8, 3, kernel_quantizer=first, name="first")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = QuantConv2D(4, 3, input_quantizer="ste_sign", kernel_quantizer=second, name="second")(x)
    x = L1BatchNormalization(name="l1_norm")(x)
    return keras.Model(image, x)


def at(model: keras.Model, name: str, side: str) -> np.ndarray:
    """What a layer gets, or gives, in use."""
    return keras.Model(model.input, getattr(model.get_layer(name), side)).predict(IMAGES, verbose=0)


def flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1])


@pytest.mark.parametrize("quantizer", ["ste_sign", GumbelSign])
def test_each_layer_has_the_statistics_of_its_inputs(quantizer):
    model = network(quantizer)
    recalibrate_normalisations(model, IMAGES, batch_size=70)
    first, second = (flat(at(model, name, "input")) for name in ("norm", "l1_norm"))
    norm, l1_norm = model.get_layer("norm"), model.get_layer("l1_norm")
    np.testing.assert_allclose(norm.moving_mean, first.mean(0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(norm.moving_variance, first.var(0), rtol=1e-3)
    np.testing.assert_allclose(l1_norm.moving_mean, second.mean(0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(l1_norm.moving_deviation, abs(second - second.mean(0)).mean(0), rtol=1e-4)
    assert np.allclose(flat(at(model, "l1_norm", "output")).mean(0), 0, atol=1e-4)


def test_a_batch_is_held_at_a_time():
    """One batch of float64 and its distances, not what the layer makes of all images."""
    image = layers.Input((32, 32, 1))
    x = layers.BatchNormalization(name="norm")(layers.Conv2D(64, 1)(image))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(x))
    images = np.random.default_rng(0).normal(size=(320, 32, 32, 1)).astype(np.float32)
    recalibrate_normalisations(model, images[:20], batch_size=10)  # what the first call loads is not measured
    tracemalloc.start()
    recalibrate_normalisations(model, images, batch_size=10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    of_a_batch = 10 * 32 * 32 * 64 * 8
    assert peak < 6 * of_a_batch < 320 * 32 * 32 * 64 * 4


def test_nothing_else_changes():
    model = network()
    before = model.get_weights()
    recalibrate_normalisations(model, IMAGES)
    pairs = zip(model.weights, before, strict=True)
    changed = {weight.name for weight, old in pairs if not np.array_equal(old, weight.numpy())}
    names = {name.rpartition("/")[2].removesuffix(":0") for name in changed}
    assert names == {"moving_mean", "moving_variance", "moving_deviation"}
    assert [model.get_layer(name).momentum for name in ("norm", "l1_norm")] == [0.99, 0.99]
    values = model.get_weights()
    recalibrate_normalisations(model, IMAGES)
    for one, other in zip(values, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_frozen_normalisation_keeps_its_own():
    model = network()
    model.get_layer("norm").trainable = False
    recalibrate_normalisations(model, IMAGES)
    assert not model.get_layer("norm").moving_mean.numpy().any()
    assert model.get_layer("l1_norm").moving_mean.numpy().any()


def test_a_sequential_model_that_grew_layer_by_layer():
    model = keras.Sequential([layers.Input((6, 6, 2))])
    for each in (layers.Conv2D(3, 3), layers.BatchNormalization(name="norm"), layers.GlobalAveragePooling2D()):
        model.add(each)
    recalibrate_normalisations(model, IMAGES)
    expected = flat(ops.convert_to_numpy(model.layers[0](IMAGES))).mean(0)
    np.testing.assert_allclose(model.get_layer("norm").moving_mean.numpy(), expected, rtol=1e-4, atol=1e-4)


def test_what_it_cannot_do_is_said():
    image = layers.Input((6, 6, 2))
    inner = network()
    twice = layers.BatchNormalization(name="twice")
    with pytest.raises(ValueError, match="norm' is within another model"):
        recalibrate_normalisations(keras.Model(image, inner(image)), IMAGES)
    with pytest.raises(ValueError, match="'twice' is used more than once"):
        recalibrate_normalisations(keras.Model(image, twice(twice(image))), IMAGES)
    with pytest.raises(ValueError, match="there are none"):
        recalibrate_normalisations(inner, IMAGES[:0])


def test_no_predict_function_is_traced_for_each_normalisation(monkeypatch):
    monkeypatch.setattr(keras.Model, "make_predict_function", None)
    model = network()
    recalibrate_normalisations(model, IMAGES)
    assert model.get_layer("norm").moving_mean.numpy().any()

"""Quantizers and layers of ours compute on Keras 3, on every backend, what they compute under Keras 2 with Larq."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from larq_focal.quantizers import row_named
from tests.keras3 import wall_cases as cases
from tests.keras3.backends import BACKEND, layer_gradients

ROUNDED = {"adabin_sign", "bnn_plus_sign", "hysteresis_sign", "omse", "sawb", "ternary_weights", "xnor_sign", "lsq"}
"""Those with a scale of means, sums or products, which backends round differently."""
LARGEST_ERROR = 3e-5


def is_sampled(name: str) -> bool:
    return "noise_state" in row_named(cases.QUANTIZERS[name][0]).state


@pytest.fixture(scope="module")
def of_quantizers(larq_reference):
    return dict(np.load(larq_reference / "wall_quantizers.npz"))


@pytest.fixture(scope="module")
def of_layers(larq_reference):
    return dict(np.load(larq_reference / "wall_layers.npz"))


@pytest.mark.parametrize("name", cases.QUANTIZERS)
def test_quantizers_compute_what_they_compute_with_larq(name, of_quantizers):
    """Bit for bit, but for the last bit of scales on other backends than TensorFlow, whose noise is another too."""
    for step, value in cases.arrays_of_quantizer(name).items():
        expected = of_quantizers[f"{name}/{step}"]
        if is_sampled(name) and BACKEND != "tensorflow" and "training" in step:
            assert set(np.unique(value)) <= set(np.unique(expected))
            continue
        rounded = cases.QUANTIZERS[name][0] in ROUNDED and BACKEND != "tensorflow"
        np.testing.assert_allclose(value, expected, rtol=2e-6 if rounded else 0, atol=0, err_msg=step)


@pytest.mark.parametrize("name", cases.QUANTIZERS)
def test_gradients_of_quantizers_are_those_of_float64(name, of_quantizers):
    quantizer = cases.make_quantizer(name)
    x = cases.inputs(cases.SHAPE)
    assert_gradients(quantizer, x, {}, of_quantizers, name)


@pytest.mark.parametrize("name", cases.LAYERS)
def test_layers_compute_what_they_compute_with_larq(name, of_layers):
    model, x = cases.make_layer(name), cases.layer_inputs(name)
    value, expected = ops.convert_to_numpy(model(x)), of_layers[f"{name}/value"]
    tolerance = 0 if BACKEND == "tensorflow" else 1e-6
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())
    assert model.output_shape[1:] == expected.shape[1:]


@pytest.mark.parametrize("name", cases.LAYERS)
def test_gradients_of_layers_are_those_of_float64(name, of_layers):
    assert_gradients(cases.make_layer(name), cases.layer_inputs(name), {"training": True}, of_layers, name)


def assert_gradients(layer, x, options, reference, name):
    upstream = cases.upstream(ops.convert_to_numpy(layer(x)).shape).astype(np.float32)
    names = ["x", *map(cases.own_name, layer.trainable_variables)]
    for weight, found in zip(names, layer_gradients(layer, x, upstream, **options), strict=True):
        expected = reference[f"{name}/gradient {weight}"]
        found = np.zeros_like(expected) if found is None else found
        limit = LARGEST_ERROR * max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(found, expected, rtol=0, atol=limit, err_msg=weight)


@pytest.mark.parametrize("name", cases.LAYERS)
def test_layers_are_saved_and_loaded_and_trained(name, tmp_path):
    model, x = cases.make_layer(name), cases.layer_inputs(name)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    other = cases.make_layer(name)
    for weight in other.weights:
        weight.assign(weight * 0)
    other.load_weights(tmp_path / "model.weights.h5")
    before = ops.convert_to_numpy(model(x))
    for each in (loaded, other):
        np.testing.assert_array_equal(ops.convert_to_numpy(each(x)), before)
    if model.trainable_weights:
        model.compile(keras.optimizers.SGD(0.1), "mse")
        trained = [ops.convert_to_numpy(weight) for weight in model.trainable_weights]
        assert np.isfinite(model.train_on_batch(x, before + 1))
        changed = [np.any(ops.convert_to_numpy(w) != b) for w, b in zip(model.trainable_weights, trained, strict=True)]
        assert all(changed)

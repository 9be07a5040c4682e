"""Quantizers and layers of ours compute on Keras 3, on every backend, what they compute under Keras 2 with Larq."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from larq_focal.quantizers import row_named
from tests.keras3 import wall_cases as cases
from tests.keras3.backends import BACKEND, LARGEST_ERROR, difference, layer_gradients

ROUNDED = {"adabin_sign", "bnn_plus_sign", "hysteresis_sign", "omse", "sawb", "ternary_weights", "xnor_sign", "lsq"}
"""Those with a scale of means, sums or products, which backends round differently."""


def is_sampled(name: str) -> bool:
    return "noise_state" in row_named(cases.QUANTIZERS[name][0]).state


@pytest.fixture(scope="module")
def of_quantizers(larq_reference):
    return dict(np.load(larq_reference / "wall_quantizers.npz"))


@pytest.fixture(scope="module")
def of_layers(larq_reference):
    return dict(np.load(larq_reference / "wall_layers.npz"))


@pytest.mark.parametrize("name", cases.QUANTIZERS)
def test_quantizers_compute_what_they_compute_with_larq(name, of_quantizers, outcome):
    """Bit for bit, but for the last bit of scales on other backends than TensorFlow, whose noise is another too."""
    alias = cases.QUANTIZERS[name][0]
    values = cases.arrays_of_quantizer(name)
    expected = {step: of_quantizers[f"{name}/{step}"] for step in values}
    other_noise = [step for step in values if is_sampled(name) and BACKEND != "tensorflow" and "training" in step]
    compared = values.keys() - {*other_noise}
    outcome(alias, "forward", max(difference(values[step], expected[step]) for step in compared))
    for step in other_noise:
        assert set(np.unique(values[step])) <= set(np.unique(expected[step]))
    for step in compared:
        rounded = alias in ROUNDED and BACKEND != "tensorflow"
        np.testing.assert_allclose(values[step], expected[step], rtol=2e-6 if rounded else 0, atol=0, err_msg=step)


@pytest.mark.parametrize("name", cases.QUANTIZERS)
def test_gradients_of_quantizers_are_those_of_float64(name, of_quantizers, outcome):
    errors = gradient_errors(cases.make_quantizer(name), cases.inputs(cases.SHAPE), {}, of_quantizers, name)
    outcome(cases.QUANTIZERS[name][0], "gradient", max(errors.values()))
    assert max(errors.values()) <= LARGEST_ERROR, errors


@pytest.mark.parametrize("name", cases.LAYERS)
def test_layers_compute_what_they_compute_with_larq(name, of_layers, outcome):
    model, x = cases.make_layer(name), cases.layer_inputs(name)
    value, expected = ops.convert_to_numpy(model(x)), of_layers[f"{name}/value"]
    outcome(cases.LAYERS[name][0].__name__, "forward", difference(value, expected))
    tolerance = 0 if BACKEND == "tensorflow" else 1e-6
    np.testing.assert_allclose(value, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())
    assert model.output_shape[1:] == expected.shape[1:]


@pytest.mark.parametrize("name", cases.LAYERS)
def test_gradients_of_layers_are_those_of_float64(name, of_layers, outcome):
    errors = gradient_errors(cases.make_layer(name), cases.layer_inputs(name), {"training": True}, of_layers, name)
    outcome(cases.LAYERS[name][0].__name__, "gradient", max(errors.values()))
    assert max(errors.values()) <= LARGEST_ERROR, errors


def gradient_errors(layer, x, options, reference, name) -> dict[str, float]:
    """Of the gradients by the inputs and by each weight."""
    errors = {}
    upstream = cases.upstream(ops.convert_to_numpy(layer(x)).shape).astype(np.float32)
    names = ["x", *map(cases.own_name, layer.trainable_variables)]
    for weight, found in zip(names, layer_gradients(layer, x, upstream, **options), strict=True):
        expected = reference[f"{name}/gradient {weight}"]
        assert np.shape(found) == expected.shape or found is None
        errors[weight] = difference(0.0 if found is None else found, expected)
    return errors

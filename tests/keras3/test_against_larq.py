"""Our quantizers and quantized layers on Keras 3 compute what Larq's compute under Keras 2."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from larq_focal.nn.keras3 import larq_quantizers, quantized_layers
from larq_focal.nn.keras3.bop import Bop
from larq_focal.nn.keras3.flip_ratio import FlipRatio
from larq_focal.nn.keras3.weight_clip import WeightClip
from tests.keras3.backends import BACKEND, LARGEST_ERROR, difference, gradient, layer_gradients
from tests.keras3.layer_cases import CASES, QUANTIZERS, special_values
from tests.keras3.parts import alias_of


def quantizer(name: str) -> larq_quantizers.LarqQuantizer:
    kind, options = QUANTIZERS[name]
    return getattr(larq_quantizers, kind)(**options)


def layer(name: str) -> keras.layers.Layer:
    case = CASES[name]
    quantizers = {key: getattr(larq_quantizers, kind)(**each) for key, (kind, each) in case.quantizers.items()}
    return getattr(quantized_layers, case.layer)(**case.options, **quantizers)


@pytest.mark.parametrize("name", QUANTIZERS)
def test_quantizers_are_larqs(name, larq_reference, outcome):
    expected = np.load(larq_reference / "quantizers.npz")
    value = keras.ops.convert_to_numpy(quantizer(name)(keras.ops.convert_to_tensor(special_values())))
    outcome(alias_of(quantizer(name)), "forward", difference(value, expected[f"{name}/value"]))
    if BACKEND == "tensorflow" or ("mean" not in name and "magnitude" not in name and "weights" not in name):
        np.testing.assert_array_equal(value, expected[f"{name}/value"])
    else:
        np.testing.assert_allclose(value, expected[f"{name}/value"], rtol=1e-6)
    found = gradient(quantizer(name), special_values(), expected[f"{name}/upstream"])
    np.testing.assert_allclose(found, expected[f"{name}/gradient"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_layers_are_larqs_with_the_weights_of_its_files(name, larq_reference, outcome):
    expected = np.load(larq_reference / f"{name}.npz")
    tested = layer(name)
    model = keras.Sequential([keras.Input(CASES[name].shape[1:]), tested])
    model.load_weights(larq_reference / f"{name}.h5")
    outputs = keras.ops.convert_to_numpy(model(expected["x"]))
    outcome(CASES[name].layer, "forward", difference(outputs, expected["y"]))
    if BACKEND == "tensorflow":
        np.testing.assert_array_equal(outputs, expected["y"])
    else:
        np.testing.assert_allclose(outputs, expected["y"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_layers_are_those_of_float64(name, larq_reference, outcome):
    expected = np.load(larq_reference / f"{name}.npz")
    tested = layer(name)
    keras.Sequential([keras.Input(CASES[name].shape[1:]), tested]).load_weights(larq_reference / f"{name}.h5")
    gradients = layer_gradients(tested, expected["x"], expected["upstream"])
    errors = [difference(found, expected[f"gradient_{place}"]) for place, found in enumerate(gradients)]
    outcome(CASES[name].layer, "gradient", max(errors))
    assert max(errors) <= LARGEST_ERROR


def test_arguments_and_defaults_are_larqs(larq_reference):
    ours = {**vars(larq_quantizers), **vars(quantized_layers), "WeightClip": WeightClip, "Bop": Bop}
    needed = {"QuantDense": {"units": 2}, "NoOp": {"precision": 1}}
    for name, defaults in json.loads((larq_reference / "arguments.json").read_text()).items():
        kind = {**ours, "FlipRatio": FlipRatio}[name]
        required = needed.get(name, {"kernel_size": 2} if "Depthwise" in name else {"filters": 2, "kernel_size": 2})
        required = required if name.startswith("Quant") or name in needed else {}
        assert kind(**required, **defaults).get_config() | {"name": ""} == kind(**required).get_config() | {"name": ""}


def test_positional_arguments_are_larqs():
    convolution = quantized_layers.QuantConv2D(4, 3, 2, "same", 1.0, "channels_first")
    assert (convolution.filters, convolution.kernel_size, convolution.strides) == (4, (3, 3), (2, 2))
    assert (convolution.padding, convolution.pad_values, convolution.data_format) == ("same", 1.0, "channels_first")
    depthwise = quantized_layers.QuantDepthwiseConv2D(3, 2, "same", 1.0)
    assert (depthwise.kernel_size, depthwise.strides, depthwise.pad_values) == ((3, 3), (2, 2), 1.0)


def test_steps_of_bop_are_larqs(larq_reference):
    expected = np.load(larq_reference / "bop.npz")
    weights, optimizer = keras.Variable(expected["start"]), Bop(threshold=1e-3, gamma=0.1)
    optimizer.build([weights])
    for gradients, step in zip(expected["gradients"], expected["steps"], strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(gradients)])
        np.testing.assert_array_equal(weights.numpy(), step)
    assert (expected["steps"][-1] != expected["steps"][0]).any()

"""Larq's quantizers on Keras 3 are the functions of their papers, with gradients as a float64 run has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from larq_focal.nn import QuantDense, Quantizer
from larq_focal.nn.keras3 import larq_quantizers
from tests.keras3.backends import LARGEST_ERROR, difference, gradient
from tests.keras3.layer_cases import QUANTIZERS, special_values
from tests.keras3.parts import alias_of


def sign(x):
    return np.where(x >= 0, 1, -1)


def within(x, limit):
    return np.ones_like(x) if limit is None else 1.0 * (np.abs(x) <= limit)


def swish(x, beta):
    return beta * (2 - beta * x * np.tanh(beta * x / 2)) / (1 + np.cosh(beta * x))


def ternary(x, threshold):
    return 1 * (x >= threshold) - 1 * (x <= -threshold)


def normed(x):
    return np.tanh(x) / (2 * np.abs(np.tanh(x)).max()) + 0.5


MEANINGS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "ste_sign": (sign, lambda x: within(x, 1)),
    "ste_sign_wide": (sign, lambda x: within(x, np.float32(1.3))),
    "ste_sign_unclipped": (sign, lambda x: within(x, None)),
    "approx_sign": (sign, lambda x: (2 - 2 * np.abs(x)) * within(x, 1)),
    "swish_sign": (sign, lambda x: swish(x, 5)),
    "swish_sign_flat": (sign, lambda x: swish(x, 2)),
    "magnitude_aware_sign": (
        lambda x: np.abs(x).mean(axis=0) * sign(x),
        lambda x: np.abs(x).mean(axis=0) * within(x, 1),
    ),
    "ste_heaviside": (lambda x: 1 * (x > 0), lambda x: within(x, 1)),
    "ste_tern": (lambda x: ternary(x, np.float32(0.05)), lambda x: within(x, 1)),
    "ste_tern_mean": (lambda x: ternary(x, 0.7 * np.abs(x).mean()), lambda x: within(x, 1)),
    "dorefa": (lambda x: np.round(3 * np.clip(x, 0, 1)) / 3, lambda x: (x >= 0) & (x <= 1)),
    "dorefa_weights": (
        lambda x: 2 * np.round(7 * normed(x)) / 7 - 1,
        lambda x: (1 - np.tanh(x) ** 2) / np.abs(np.tanh(x)).max(),
    ),
    "no_op": (lambda x: x, np.ones_like),
}
"""Value and slope of each, in float64."""


def made(name: str) -> Quantizer:
    kind, options = QUANTIZERS[name]
    return getattr(larq_quantizers, kind)(**options)


@pytest.mark.parametrize("name", QUANTIZERS)
def test_values_and_gradients_are_those_of_float64(name, outcome):
    x = special_values()
    value, slope = (meaning(x.astype(np.float64)) for meaning in MEANINGS[name])
    np.testing.assert_allclose(ops.convert_to_numpy(made(name)(ops.convert_to_tensor(x))), value, rtol=1e-6)
    upstream = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    found, expected = gradient(made(name), x, upstream), slope * upstream
    outcome(alias_of(made(name)), "gradient", difference(found, expected))
    np.testing.assert_allclose(found, expected, rtol=LARGEST_ERROR, atol=LARGEST_ERROR)


@pytest.mark.parametrize("name", [name for name in QUANTIZERS if "mean" not in name and "magnitude" not in name])
def test_infinity_and_the_largest_numbers_are_no_trouble(name):
    x = np.array([[np.inf, -np.inf, 3e38, -3e38]], np.float32)
    value = ops.convert_to_numpy(made(name)(ops.convert_to_tensor(x)))
    np.testing.assert_allclose(value, MEANINGS[name][0](x.astype(np.float64)), rtol=1e-6)
    found = gradient(made(name), x, np.ones_like(x))
    assert np.isfinite(found).all()
    if "unclipped" not in name and name != "no_op":
        assert (found == 0).all()


@pytest.mark.parametrize("name", QUANTIZERS)
def test_configurations_make_the_same_quantizer(name):
    quantizer = made(name)
    other = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(quantizer))
    assert type(other) is type(quantizer) and other.get_config() == quantizer.get_config()


@pytest.mark.parametrize(
    ("alias", "kind"),
    [
        ("ste_sign", "SteSign"),
        ("approx_sign", "ApproxSign"),
        ("swish_sign", "SwishSign"),
        ("magnitude_aware_sign", "MagnitudeAwareSign"),
        ("ste_heaviside", "SteHeaviside"),
        ("ste_tern", "SteTern"),
        ("dorefa_quantizer", "DoReFa"),
    ],
)
def test_aliases_are_larqs(alias, kind):
    layer = QuantDense(2, input_quantizer=alias, kernel_quantizer=kind)
    assert type(layer.input_quantizer) is type(layer.kernel_quantizer) is getattr(larq_quantizers, kind)


def test_a_wrong_mode_is_named():
    with pytest.raises(ValueError, match="mode must be 'activations' or 'weights', not 'weight'"):
        larq_quantizers.DoReFa(mode="weight")

"""A difference from Keras is called rounding only where Keras itself moves as much under a change of that size."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.audit.agreement import Agreement
from larq_focal.deploy.audit.disagreement import disagreement, sensitivity
from larq_focal.deploy.conversion.converter import run_converter
from larq_focal.deploy.conversion.freeze import freeze
from larq_focal.keras import keras
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.deploy.networks import convolution, network

layers = keras.layers


@pytest.fixture(scope="module")
def frozen():
    """Sums over the channels, binarized: what a balanced input gives is decided by rounding."""
    sums = layers.Conv2D(32, 1, kernel_initializer="ones")
    return freeze(network(sums, convolution(), layers.GlobalAveragePooling2D(), name="sums"))


def sample(frozen, pixel: np.ndarray) -> dict[str, np.ndarray]:
    (name,) = frozen.inputs
    return {name: np.broadcast_to(pixel.astype(np.float32), (1, 8, 8, 32)).copy()}


def balanced(frozen):
    rng = np.random.default_rng(0)
    half = rng.normal(size=16)
    return sample(frozen, np.concatenate([half, -half]))


def decided(frozen):
    return sample(frozen, np.linspace(0.5, 1, 32))


def test_values_next_to_a_threshold_make_a_network_sensitive(frozen):
    assert sensitivity(frozen, [balanced(frozen)]) > 1
    assert sensitivity(frozen, [decided(frozen)]) == 0
    assert sensitivity(frozen, [decided(frozen), balanced(frozen)]) > 1


@pytest.mark.parametrize(("make", "severity"), [(balanced, "warning"), (decided, "error")])
def test_only_a_sensitive_network_is_excused(frozen, make, severity):
    agreement = Agreement(1, 1, max_abs_difference=2.0, max_abs_output=9.0, differing=(0,), tolerance=0.009)
    model = read_flatbuffer(run_converter(frozen))
    (finding,) = disagreement(agreement, frozen, model, make(frozen))
    assert (finding.fault, finding.severity) == ("disagreement", severity)
    assert ("one part in a million" in finding.message) == (severity == "warning")


def test_agreement_needs_no_words(frozen):
    agreement = Agreement(1, 1, max_abs_difference=0.001, max_abs_output=9.0, differing=(), tolerance=0.009)
    assert not list(disagreement(agreement, frozen, None, decided(frozen)))

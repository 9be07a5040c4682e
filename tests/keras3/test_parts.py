"""Every quantizer and every layer, on the backend in use: trained, saved in the middle of it, compiled, in half
precision and in two replicas. ``tools.backend_table`` makes a page of the outcomes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest

from larq_focal.layers import __all__ as layer_names
from larq_focal.quantizers import QUANTIZERS, row_named
from tests.keras3 import parts
from tests.keras3.backends import BACKEND
from tests.support.own_process import outside_of_workers
from tests.support.processes import ROOT

Weights = dict[str, dict[str, np.ndarray]]
OPTIONS = {"run_eagerly": True} if BACKEND == "tensorflow" else {}
"""TensorFlow takes longer to trace a step than to run some; compiled steps are a test of their own."""
UNCHANGED = {"clip", *(row.quantizer.scheduled_name for row in QUANTIZERS if hasattr(row.quantizer, "scheduled_name"))}
"""What a callback sets, and what these few steps do not reach."""
LARGEST_SHARE_OF_A_STEP = 0.01
"""By which a step may differ from the same step on other devices: sums of float32 are rounded in another order."""
of_every_part = pytest.mark.parametrize("part", parts.PARTS)


def is_sampled(part: str) -> bool:
    row = row_named(part)
    return row is not None and "noise_state" in row.state


@dataclass(frozen=True)
class Training:
    """A training of four steps, whose files are those of its middle; and the weights by then."""

    model: keras.Model
    file: Path
    weights_file: Path
    start: Weights
    first: Weights
    end: Weights


@pytest.fixture(scope="module")
def training(tmp_path_factory) -> Training:
    folder = tmp_path_factory.mktemp("parts")
    model = parts.network(**OPTIONS)
    start = parts.all_weights(model)
    assert np.isfinite(parts.train(model, 1))
    first = parts.all_weights(model)
    parts.train(model, 1)
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    parts.train(model)
    return Training(model, folder / "model.keras", folder / "model.weights.h5", start, first, parts.all_weights(model))


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert np.isfinite(value).all(), name
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def assert_trained(after: dict[str, np.ndarray], before: dict[str, np.ndarray]) -> None:
    """Every kernel, scale, memory and counter has another value, and a finite one."""
    for name, value in after.items():
        assert np.isfinite(value).all(), name
        assert name.split()[-1] in UNCHANGED or np.any(value != before[name]), name


def test_each_quantizer_and_each_layer_is_a_part():
    assert {*parts.PARTS} == {*layer_names, *(row.alias for row in QUANTIZERS)}


@of_every_part
def test_a_step_trains_it(part, training, outcome):
    outcome(part, "training step")
    assert_trained(training.end[part], training.start[part])


@pytest.mark.parametrize("row", QUANTIZERS, ids=lambda row: row.alias)
def test_every_weight_of_a_quantizer_is_in_its_row(row, training):
    layer = training.model.get_layer(row.alias)
    quantizer = layer.kernel_quantizer if row.kernel else layer.input_quantizer
    assert type(quantizer) is row.quantizer
    assert tuple(weight.name for weight in quantizer.trainable_weights) == row.trainable
    assert tuple(weight.name for weight in quantizer.non_trainable_weights) == row.state


def test_inference_is_repeatable_and_changes_nothing(training):
    model = training.model
    images, before = parts.data(model)[0], parts.all_weights(model)
    first = model.predict(images, verbose=0)
    np.testing.assert_array_equal(model.predict(images, verbose=0), first)
    for part, expected in before.items():
        assert_same(parts.weights(model, part), expected)


@pytest.fixture(scope="module")
def resumed(training) -> Weights:
    """After the last steps of a training that is loaded."""
    model = keras.saving.load_model(training.file)
    model.run_eagerly = OPTIONS.get("run_eagerly", False)
    parts.train(model)
    return parts.all_weights(model)


@of_every_part
def test_a_saved_training_goes_on_with_the_same_bits(part, resumed, training, outcome):
    """Memories, measured scales and the noise included."""
    outcome(part, ".keras")
    assert_same(resumed[part], training.end[part])


@pytest.fixture(scope="module")
def reloaded(training) -> Weights:
    """After the last steps of a training that takes the weights of its middle again, in place of others."""
    model = training.model
    for weight in (*model.weights, *model.optimizer.variables):
        weight.assign(0 * weight)
    model.load_weights(training.weights_file)
    parts.train(model)
    return parts.all_weights(model)


@of_every_part
def test_weights_alone_hold_all_of_it(part, reloaded, training, outcome):
    outcome(part, ".weights.h5")
    assert_same(reloaded[part], training.end[part])


@pytest.fixture(scope="module")
def compiled(training) -> Weights:
    """After one step by the backend's compiler; JAX compiles all that is trained here."""
    if BACKEND == "jax":
        assert training.model.jit_compile
        return training.first
    model = parts.network(jit_compile=True)
    parts.train(model, 1)
    return parts.all_weights(model)


@pytest.mark.slow
@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch compiles a network at a time, for minutes")
@of_every_part
def test_a_compiled_step_is_the_step_that_is_not_compiled(part, compiled, training, outcome):
    """But for noise, of which compiled code draws another."""
    if is_sampled(part):
        outcome(part, "compiled")
        assert_trained(compiled[part], training.start[part])
        return
    distance = parts.distance(compiled[part], training.first[part], training.start[part])
    outcome(part, "compiled", distance)
    assert distance <= LARGEST_SHARE_OF_A_STEP


@pytest.fixture(scope="module")
def half() -> tuple[keras.Model, Weights]:
    """A network of mixed precision after a step, and its weights before."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = parts.network(**OPTIONS)
    finally:
        keras.config.set_dtype_policy("float32")
    start = parts.all_weights(model)
    assert np.isfinite(parts.train(model, 1))
    return model, start


@of_every_part
def test_trains_in_mixed_precision(part, half, outcome):
    outcome(part, "mixed precision")
    model, start = half
    layer = model.get_layer(part)
    outputs = layer(np.ones((2, *layer.input.shape[1:]), np.float32))
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype == "bfloat16"
    assert {keras.backend.standardize_dtype(each.dtype) for each in layer.trainable_weights} <= {"float32"}
    assert {name: each.shape for name, each in parts.weights(model, part).items()} == {
        name: each.shape for name, each in start[part].items()
    }
    for name, value in parts.weights(model, part).items():
        assert np.isfinite(value).all(), name


@pytest.fixture(scope="module")
def replicated() -> dict[str, float]:
    """By part, how far a step of two replicas is from one of one device, by its size; in a process of its own."""
    command = [sys.executable, "-m", "tests.keras3.replicas"]
    done = subprocess.run(command, cwd=ROOT, env=outside_of_workers(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.skipif(BACKEND == "torch", reason="Keras has no replicas on PyTorch")
@of_every_part
def test_two_replicas_take_the_step_of_one(part, replicated, outcome):
    outcome(part, "two replicas", replicated[part])
    assert replicated[part] <= LARGEST_SHARE_OF_A_STEP

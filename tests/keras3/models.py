"""Keras 3 models as if trained, and what it means that a graph agrees with one."""

from __future__ import annotations

import keras
import numpy as np

from larq_focal.network import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras


def randomised(model: keras.Model, seed: int = 0) -> keras.Model:
    """Gives all weights random values of both signs, and variances positive ones."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if "float" in str(weight.dtype):
            positive = "variance" in weight.path
            weight.assign(rng.uniform(0.5, 2, weight.shape) if positive else rng.normal(0, 0.5, weight.shape))
    return model


def model_of(shape, *layers) -> keras.Model:
    """A Sequential model of these layers, randomised."""
    return randomised(keras.Sequential([keras.Input(shape), *layers]))


def random_inputs(graph: QuantGraph, count: int = 3, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {op.name: rng.normal(size=(count, *op.shape)).astype(np.float32) for op in graph.inputs}


def outputs(model: keras.Model, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What ``model`` computes in inference, always as a list."""
    arrays = [keras.ops.convert_to_tensor(array) for array in inputs.values()]
    is_functional = bool(getattr(model, "inputs", None)) and not isinstance(model, keras.Sequential)
    arrays = keras.tree.pack_sequence_as(model.input, arrays) if is_functional else arrays[0]
    return [keras.ops.convert_to_numpy(each) for each in keras.tree.flatten(model(arrays, training=False))]


def assert_read(model: keras.Model, *, exact: bool = False, tolerance: float = 1e-5, varies: bool = True) -> QuantGraph:
    """Reads ``model``, checks that the graph computes what it computes, and returns the graph.

    Args:
        exact: every bit must agree.
        tolerance: else, the largest difference relative to the largest output.
        varies: no output may be the same number everywhere, of which all would be true.
    """
    graph = from_keras(model)
    assert not graph.unknown
    inputs = random_inputs(graph)
    results = interpret(graph, inputs, graph.outputs)
    for name, expected in zip(graph.outputs, outputs(model, inputs), strict=True):
        assert graph[name].shape == expected.shape[1:]
        assert np.ptp(expected) > 0 or not varies
        limit = 0 if exact else tolerance * np.abs(expected).max()
        np.testing.assert_allclose(results[name], expected, rtol=0, atol=limit)
    return graph

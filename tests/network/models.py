"""Keras models as if trained, and what it means that a graph agrees with one."""

from __future__ import annotations

import numpy as np

from larq_focal.keras import keras
from larq_focal.network import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras


def randomised(model: keras.Model, seed: int = 0) -> keras.Model:
    """Gives all weights random values of both signs, and variances positive ones."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        positive = "variance" in weight.name
        weight.assign(rng.uniform(0.5, 2, weight.shape) if positive else rng.normal(0, 0.5, weight.shape))
    return model


def model_of(shape, *layers) -> keras.Model:
    """A Sequential model of these layers, randomised."""
    return randomised(keras.Sequential([keras.Input(shape), *layers]))


def random_inputs(model: keras.Model, count: int = 3, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = dict(zip(model.input_names, (tensor.shape for tensor in model.inputs), strict=True))
    return {name: rng.normal(size=(count, *shape[1:])).astype(np.float32) for name, shape in shapes.items()}


def outputs(model: keras.Model, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """What ``model`` computes in inference, always as a list."""
    arrays = [inputs[name] for name in model.input_names]
    results = model(arrays[0] if len(arrays) == 1 else arrays, training=False)
    return [result.numpy() for result in (results if isinstance(results, list | tuple) else [results])]


def assert_read(model: keras.Model, *, exact: bool = False, tolerance: float = 1e-5) -> QuantGraph:
    """Reads ``model``, checks that the graph computes what it computes, and returns the graph.

    Args:
        exact: every bit must agree.
        tolerance: else, the largest difference relative to the largest output.
    """
    graph = from_keras(model)
    assert not graph.unknown
    inputs = random_inputs(model)
    results = interpret(graph, inputs, graph.outputs)
    for name, expected in zip(graph.outputs, outputs(model, inputs), strict=True):
        assert graph[name].shape == expected.shape[1:]
        assert np.ptp(expected) > 0
        limit = 0 if exact else tolerance * np.abs(expected).max()
        np.testing.assert_allclose(results[name], expected, rtol=0, atol=limit)
    return graph

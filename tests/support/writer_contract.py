"""What it means that a written file computes what its graph computes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from larq_focal.deploy.runtime import Runtime
from larq_focal.network import Kernel, QuantGraph, interpret
from larq_focal.network.passes import lower
from larq_focal.network.tflite import write_tflite
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.delegate.engines import lce_outputs
from tests.support.stacks import is_installed

TOLERANCE = 1e-6
"""Relative to the largest output, for what is not exact: exponentials, and divisions that are products elsewhere."""


def assert_written(
    graph: QuantGraph, inputs: Mapping[str, np.ndarray], tolerance: float = TOLERANCE, lce: bool = False
) -> None:
    """The graph, its lowered form, its files, and what is read from them, compute the same.

    Args:
        tolerance: the largest difference, relative to the largest number of an output.
        lce: run the binary operators by LCE's interpreter too, where it is installed.
    """
    floats = {name: array.astype(np.float32) for name, array in inputs.items()}
    results = interpret(graph, floats, graph.outputs)
    expected = [results[name] for name in graph.outputs]
    lowered = lower(graph)
    results = interpret(lowered, floats, lowered.outputs)
    _assert_equal([results[name] for name in lowered.outputs], expected, tolerance, "lowered")
    for packed, engine in ((True, "delegate"), (False, "litert")):
        content = write_tflite(graph, packed=packed)
        runtime = Runtime(content, engine=engine)
        _assert_equal(_listed(runtime.run(inputs)), expected, tolerance, engine)
        assert runtime.model.input_names == tuple(op.name for op in graph.inputs)
        read = from_tflite(content)
        assert not read.unknown, read.unknown
        results = interpret(
            read, dict(zip((op.name for op in read.inputs), floats.values(), strict=True)), read.outputs
        )
        _assert_equal([results[name] for name in read.outputs], expected, tolerance, f"read from {engine}")
        if packed and lce and is_installed("larq_compute_engine"):
            samples = [lce_outputs(content, *(array[i : i + 1] for array in inputs.values())) for i in range(2)]
            _assert_equal([np.concatenate(pair) for pair in zip(*samples, strict=True)], expected, tolerance, "LCE")


def _assert_equal(actual, expected, tolerance: float, what: str) -> None:
    for index, (first, second) in enumerate(zip(actual, expected, strict=True)):
        limit = tolerance * max(1.0, float(np.abs(second).max(initial=0)))
        np.testing.assert_allclose(first, second, rtol=0, atol=limit, err_msg=f"{what}, output {index}")


def _listed(outputs) -> list[np.ndarray]:
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


def assert_same(actual: QuantGraph, expected: QuantGraph) -> None:
    """The same operations with the same fields; what they are called may differ."""
    assert [type(op).__name__ for op in actual] == [type(op).__name__ for op in expected]
    names: dict[str, str] = {}
    for first, second in zip(actual, expected, strict=True):
        assert [names[name] for name in first.inputs] == list(second.inputs)
        names[first.name] = second.name
        for field in dataclasses.fields(first):
            if field.name not in ("name", "inputs", "origin", "stored"):
                _assert_field(getattr(first, field.name), getattr(second, field.name), f"{second.name}: {field.name}")
    assert [names[name] for name in actual.outputs] == list(expected.outputs)


def _assert_field(first, second, what: str) -> None:
    if isinstance(second, Kernel):
        np.testing.assert_array_equal(first.values(), second.values(), what)
    elif isinstance(second, np.ndarray | np.generic):
        np.testing.assert_array_equal(*np.broadcast_arrays(first, second), what)
    else:
        assert first == second, what

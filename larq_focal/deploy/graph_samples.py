"""Samples for the inputs of a graph: those that were given, by name, or drawn ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph

SAMPLES = 4
"""Random ones to compare on."""
Data = Mapping[str, np.ndarray]
"""Arrays ``[N, ...]`` by input name."""


def by_input(graph: QuantGraph, data) -> Data | None:
    """Samples that were given, by input name: one array is for the one input, a list in the order of the inputs."""
    if data is None or isinstance(data, Mapping):
        return data
    arrays = data if isinstance(data, list | tuple) else [data]
    names = [op.name for op in graph.inputs]
    if len(arrays) != len(names):
        raise ValueError(f"'{graph.name}' has the inputs {names}, but {len(arrays)} arrays were given.")
    return dict(zip(names, arrays, strict=True))


def random_samples(graph: QuantGraph, seed: int) -> dict[str, np.ndarray]:
    """Standard normal numbers; bytes where an input takes these, and row numbers where it selects rows of a table."""
    random = np.random.default_rng(seed)
    rows = selected_rows(graph)
    samples = {}
    for op in graph.inputs:
        shape = (SAMPLES, *op.shape)
        if op.name in rows:
            samples[op.name] = random.integers(0, rows[op.name], shape).astype(np.float32)
        elif op.takes_bytes:
            samples[op.name] = random.integers(0, 256, shape).astype(np.uint8)
        else:
            samples[op.name] = random.standard_normal(shape, np.float32)
    return samples


def selected_rows(graph: QuantGraph) -> dict[str, int]:
    """The inputs that select rows of a table, with the number of its rows."""
    return {
        op.inputs[0]: op.kernel.shape[0]
        for op in graph
        if isinstance(op, ops.Embedding) and isinstance(graph[op.inputs[0]], ops.Input)
    }

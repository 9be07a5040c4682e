"""Running a QuantGraph in NumPy, by the computation of each operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from larq_focal.network.computation import compute
from larq_focal.network.graph import GraphError, QuantGraph, needed
from larq_focal.network.inputs import named_inputs


def interpret(
    graph: QuantGraph, inputs: np.ndarray | Mapping[str, np.ndarray], values: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
    """Runs ``graph`` on a batch.

    Products of integers (a binarized input with a binary kernel, say) are summed exactly and scaled afterwards;
    everything else is float32.

    Args:
        graph: the network.
        inputs: ``[N, *shape]`` for a network of one input, else one such array per input name.
        values: the values wanted, by name; None for all. Only what these need is computed.

    Returns:
        float32 arrays ``[N, *shape]`` by the name of the value, in the order of the graph.

    Raises:
        ValueError: the inputs do not fit the network.
        GraphError: a wanted value depends on an operation that is not understood, or does not exist.
    """
    feeds = _feeds(graph, inputs)
    wanted = {op.name for op in graph} if values is None else set(values)
    computed = _needed(graph, wanted)
    last_use = {name: op.name for op in graph if op.name in computed for name in op.inputs}
    results: dict[str, np.ndarray] = {}
    for op in graph:
        if op.name not in computed:
            continue
        if op.name in feeds:
            results[op.name] = feeds[op.name]
        else:
            results[op.name] = compute(op, *(results[name] for name in op.inputs)).astype(np.float32, copy=False)
        for name in op.inputs:
            if name not in wanted and last_use[name] == op.name:
                results.pop(name, None)
    return {name: result for name, result in results.items() if name in wanted}


def _feeds(graph: QuantGraph, inputs: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    feeds = named_inputs(graph, inputs, lambda value: np.asarray(value, np.float32))
    if len({len(array) for array in feeds.values()}) > 1:
        raise ValueError(f"The inputs of '{graph.name}' were given batches of different sizes.")
    return feeds


def _needed(graph: QuantGraph, wanted: set[str]) -> set[str]:
    if missing := sorted(name for name in wanted if name not in graph):
        raise GraphError(f"'{graph.name}' has no value named {missing}.")
    return needed(graph, wanted)

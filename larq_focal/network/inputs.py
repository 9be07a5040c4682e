"""Inputs of a graph by their names, checked: what the interpreter and functions of other frameworks are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from larq_focal.network.graph import QuantGraph


def named_inputs(graph: QuantGraph, inputs: Any, as_array: Callable[[Any], Any]) -> dict[str, Any]:
    """An array of ``[batch, ...]`` for each input, made by ``as_array``.

    Args:
        graph: the network.
        inputs: by the names of its inputs; for a network of one input, what that gets.
        as_array: makes an array of what is given for one input.

    Raises:
        ValueError: names or shapes are not those of the network's inputs.
    """
    names = [op.name for op in graph.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) != 1:
            raise ValueError(f"'{graph.name}' has the inputs {names}; give a dictionary with an array for each.")
        inputs = {names[0]: inputs}
    if set(inputs) != set(names):
        raise ValueError(f"'{graph.name}' has the inputs {names}, but was given {sorted(inputs)}.")
    arrays = {name: as_array(value) for name, value in inputs.items()}
    for op in graph.inputs:
        shape = tuple(arrays[op.name].shape)
        if not shape or shape[1:] != op.shape:
            raise ValueError(
                f"The input '{op.name}' of '{graph.name}' has the shape [batch, {', '.join(map(str, op.shape))}], "
                f"but the array given has {list(shape)}."
            )
    return arrays

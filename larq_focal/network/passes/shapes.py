"""Whether the shapes that a graph states are those that its operations compute."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.computation import compute
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.kernel import FLOAT_BITS, Kernel

_CONTRADICTIONS = (ValueError, IndexError, TypeError, ZeroDivisionError, AttributeError, OverflowError, MemoryError)


def check_shapes(graph: QuantGraph, known: QuantGraph | None = None) -> None:
    """Holds the shape of every value against what its operation computes, on a batch of no samples.

    Inputs, and operations that are not understood, have the shape that they state.

    Args:
        graph: the network.
        known: a network in which those operations are right that it has with the same parameters and input shapes.

    Raises:
        GraphError: an operation cannot compute, or gives another shape; the message names it.
    """
    for op in graph:
        if isinstance(op, ops.Input | ops.Unknown) or (known is not None and _is_in(known, op, graph)):
            continue
        try:
            with np.errstate(all="ignore"):
                shape = _computed(op, [graph[name] for name in op.inputs])
        except GraphError:
            raise
        except _CONTRADICTIONS as error:
            raise GraphError(f"'{op.name}' of '{graph.name}' cannot be computed: {error}") from error
        if shape != tuple(op.shape):
            raise GraphError(f"'{op.name}' of '{graph.name}' has the shape {tuple(op.shape)}, but computes {shape}.")


def _is_in(known: QuantGraph, op: ops.Op, graph: QuantGraph) -> bool:
    """Whether ``known`` has ``op`` too, reading values of the same shapes, under whichever names."""
    if op.name not in known:
        return False
    before = known[op.name]
    if type(before) is not type(op) or len(before.inputs) != len(op.inputs):
        return False
    parameters = (field.name for field in dataclasses.fields(op) if field.name != "inputs")
    reads = zip(before.inputs, op.inputs, strict=True)
    return all(getattr(op, name) is getattr(before, name) for name in parameters) and all(
        known[earlier].shape == graph[now].shape for earlier, now in reads
    )


def _computed(op: ops.Op, inputs: list[ops.Op]) -> ops.Shape:
    if (fault := op.shape_fault(tuple(value.shape for value in inputs))) is not None:
        raise ValueError(fault)
    samples = int(isinstance(op, ops.Weighted) and not isinstance(op, ops.Linear))  # some need one to know their shape
    empty = [np.zeros((samples, *value.shape), np.float32) for value in inputs]
    if not isinstance(op, ops.Linear):
        return tuple(compute(op, *empty).shape[1:])
    if op.bias is not None and np.shape(op.bias) != op.kernel.shape[-1:]:
        raise ValueError(f"its bias has the shape {np.shape(op.bias)}, but there are {op.kernel.shape[-1]} outputs")
    # One output for each group is enough: the graph has checked their number.
    kernel = Kernel(np.ones((*op.kernel.shape[:-1], op.kernel_groups), np.float32), None, FLOAT_BITS)
    shape = compute(dataclasses.replace(op, kernel=kernel, bias=None), *empty).shape[1:]
    return (*shape[:-1], op.kernel.shape[-1])

"""Whether the shapes that a graph states are those that its operations compute."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import dilated
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.interpret import compute
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
    samples = int(isinstance(op, ops.Weighted) and not isinstance(op, ops.Linear))  # some need one to know their shape
    empty = [np.zeros((samples, *value.shape), np.float32) for value in inputs]
    if isinstance(op, ops.Slice):
        _check_slice(op, inputs[0].shape)
    if isinstance(op, ops.Conv2DTranspose):
        _check_transposed(op, inputs[0].shape)
    if isinstance(op, ops.Reshape) and np.prod(op.shape) != np.prod(inputs[0].shape):
        raise ValueError(f"{inputs[0].shape} has another number of elements than {op.shape}")
    if not isinstance(op, ops.Linear):
        return tuple(compute(op, *empty).shape[1:])
    if op.bias is not None and np.shape(op.bias) != op.kernel.shape[-1:]:
        raise ValueError(f"its bias has the shape {np.shape(op.bias)}, but there are {op.kernel.shape[-1]} outputs")
    # One output for each group is enough: the graph has checked their number.
    groups = op.groups if isinstance(op, ops.Conv2D) else 1
    kernel = Kernel(np.ones((*op.kernel.shape[:-1], groups), np.float32), None, FLOAT_BITS)
    shape = compute(dataclasses.replace(op, kernel=kernel, bias=None), *empty).shape[1:]
    return (*shape[:-1], op.kernel.shape[-1])


def _check_slice(op: ops.Slice, shape: ops.Shape) -> None:
    for begin, stride, size, available in zip(op.begin, op.strides, op.shape, shape, strict=True):
        last = begin + stride * (size - 1)
        if size < 1 or not (0 <= begin < available and 0 <= last < available):
            raise ValueError(f"it takes {size} elements from {begin} on in steps of {stride}, of {available}")


def _check_transposed(op: ops.Conv2DTranspose, shape: ops.Shape) -> None:
    """The convolution from the stated shape must lead back to the shape of the input."""
    window = dilated(op.kernel.shape[:2], op.dilation)
    reach = (1, 1) if op.padding == "same" else window
    back = tuple(
        (size - extent) // stride + 1 for size, extent, stride in zip(op.shape, reach, op.strides, strict=False)
    )
    if back != tuple(shape[:2]):
        raise ValueError(f"the convolution from {op.shape} gives {back}, not {tuple(shape[:2])}")

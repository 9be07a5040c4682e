"""The most memory that the values between the operations take at one time."""

from __future__ import annotations

import numpy as np

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Input, Op
from larq_focal.network.packing import WORD_BITS, words_for


def value_bytes(graph: QuantGraph, op: Op, packed: bool = False) -> int:
    """Bytes of the value that ``op`` produces, for one image.

    Args:
        graph: the network.
        op: one of its operations.
        packed: whether binary values fill up 32-bit words along the channels, as Larq Compute Engine stores them;
            else an element takes exactly its bits.
    """
    bits = graph.bits(op.name)
    if packed and bits == 1 and op.shape:
        return int(np.prod(op.shape[:-1])) * words_for(op.shape[-1]) * WORD_BITS // 8
    return -(-int(np.prod(op.shape)) * bits // 8)


def peak_activation_bytes(graph: QuantGraph, *, fused: bool = True, packed: bool = False) -> int:
    """Bytes at the worst moment, for one image, in the order of the operations.

    A value is kept from the operation that produces it to the last that reads it (an output of the network to the
    end), so while an operation runs, both its inputs and its result are kept.

    Args:
        graph: the network.
        fused: an element-wise operation that is the only reader of its input, and makes it no wider, works in place
            on the result of the operation before it, as engines do (convolution, batch normalisation and sign leave
            only bits); else each operation writes a buffer of its own.
        packed: see ``value_bytes``.
    """
    position = {op.name: index for index, op in enumerate(graph)}
    last_use = dict(position)
    last_use.update({name: position[op.name] for op in graph for name in op.inputs})
    last_use.update(dict.fromkeys(graph.outputs, len(graph) - 1))
    overwritten = {op.inputs[0] for op in graph if fused and _works_in_place(graph, op)}

    steps = np.zeros(len(graph) + 1, np.int64)
    for op in graph:
        if op.name in overwritten:
            continue
        steps[_first_write(graph, op, overwritten, position)] += value_bytes(graph, op, packed)
        steps[last_use[op.name] + 1] -= value_bytes(graph, op, packed)
    return int(np.cumsum(steps).max(initial=0))


def _works_in_place(graph: QuantGraph, op: Op) -> bool:
    if not op.works_in_place or graph.bits(op.name) > graph.input_bits(op):
        return False
    source = op.inputs[0]
    is_kept = source in graph.outputs or isinstance(graph[source], Input)
    return not is_kept and len(graph.consumers(source)) == 1


def _first_write(graph: QuantGraph, op: Op, overwritten: set[str], position: dict[str, int]) -> int:
    """Where the buffer of ``op`` comes into being: at the head of the chain of operations that share it."""
    while op.inputs and op.inputs[0] in overwritten:
        op = graph[op.inputs[0]]
    return position[op.name]

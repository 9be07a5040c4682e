"""Padding with other values than 0, which TensorFlow Lite's convolutions do not know."""

from __future__ import annotations

import dataclasses

from larq_focal.network import ops
from larq_focal.network.fold import rewired
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import conv_pads
from larq_focal.network.passes.packable import is_packable, is_padded
from larq_focal.network.passes.uses import NewNames


def pads_as_operations(graph: QuantGraph, *, packs: bool = True) -> QuantGraph:
    """A convolution that pads with another value than 0 becomes a padding and a convolution without one.

    Args:
        packs: whether binary convolutions, which may pad with 1, are written as such.
    """
    new_name = NewNames(graph)
    result: list[ops.Op] = []
    for op in graph:
        if (
            isinstance(op, ops.Conv2D)
            and op.pad_value != 0
            and is_padded(graph, op)
            and not (packs and is_packable(graph, op))
        ):
            height, width, channels = graph[op.inputs[0]].shape
            pads = (*conv_pads(op, (height, width)), (0, 0))
            shape = (height + sum(pads[0]), width + sum(pads[1]), channels)
            place = {"name": new_name(f"{op.name}/padded"), "inputs": op.inputs, "shape": shape, "origin": op.origin}
            pad = ops.Pad(**place, pads=pads, value=op.pad_value)
            result.append(pad)
            op = dataclasses.replace(rewired(op, {op.inputs[0]: pad.name}), padding="valid", pad_value=0.0)
        result.append(op)
    return graph.rewritten(result)

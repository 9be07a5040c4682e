"""Padding with other values than 0, which TensorFlow Lite's convolutions do not know, nor binary ones but for 1."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import dilated, same_pads
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.packable import gives_signs, is_packable
from larq_focal.network.passes.uses import NewNames
from larq_focal.network.rewired import rewired


def pads_of_minus_one(graph: QuantGraph) -> QuantGraph:
    """A convolution of signs that pads with -1 becomes one of a padded map, whose values are signs too."""

    def is_one(op: ops.Op) -> bool:
        return op.pad_value == -1 and gives_signs(graph, graph[op.inputs[0]])

    return _padded_before(graph, is_one)


def pads_as_operations(graph: QuantGraph, *, packs: bool = True) -> QuantGraph:
    """A convolution that pads with another value than 0 becomes a padding and a convolution without one.

    Args:
        packs: whether binary convolutions, which may pad with 1, are written as such.
    """
    return _padded_before(graph, lambda op: op.pad_value != 0 and not (packs and is_packable(graph, op)))


def _padded_before(graph: QuantGraph, is_one: Callable[[ops.Op], bool]) -> QuantGraph:
    """The padding of the convolutions that ``is_one`` picks as operations of their own."""
    new_name = NewNames(graph)
    result: list[ops.Op] = []
    for op in graph:
        if isinstance(op, ops.Conv2D | ops.Conv3D) and op.padding == "same" and is_one(op):
            image = graph[op.inputs[0]].shape
            window = dilated(op.kernel.shape[: len(image) - 1], op.dilation)
            pads = (*same_pads(image[:-1], window, op.strides), (0, 0))
            shape = tuple(size + sum(pad) for size, pad in zip(image, pads, strict=True))
            place = {"name": new_name(f"{op.name}/padded"), "inputs": op.inputs, "shape": shape, "origin": op.origin}
            pad = ops.Pad(**place, pads=pads, value=op.pad_value)
            result.append(pad)
            op = dataclasses.replace(rewired(op, {op.inputs[0]: pad.name}), padding="valid", pad_value=0.0)
        result.append(op)
    return graph.rewritten(result)

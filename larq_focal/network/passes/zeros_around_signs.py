"""Zeros around signs, which packed bits do not have: ones, and what they add taken off again."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import convolve, pad_image
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.packable import gives_signs, why_not_packable
from larq_focal.network.passes.uses import NewNames, without_unused


def zeros_around_signs(graph: QuantGraph) -> QuantGraph:
    """A binary convolution of signs between zeros, such as a causal one, as one of signs between ones.

    With P the map of 1 where zeros were added, and 0 elsewhere, ``conv(pad0(x)) = conv(pad1(x)) - conv(P)``: both are
    whole, so the difference is exact, and conv(P) is a constant for each pixel and channel.
    """
    new_name = NewNames(graph)
    result: list[ops.Op] = []
    for op in graph:
        ones = padded_with_ones(graph, op)
        if ones is None:
            result.append(op)
            continue
        ones = dataclasses.replace(ones, name=new_name(f"{op.name}/ones"))
        kernel = dataclasses.replace(op.kernel, scale=np.ones_like(op.kernel.scale))
        sums = dataclasses.replace(op, name=new_name(f"{op.name}/sums"), inputs=(ones.name,), kernel=kernel, bias=None)
        added = _added(op, graph[ones.inputs[0]].shape, ones.pads)
        scale, bias = (np.broadcast_to(x, added.shape) for x in (op.kernel.scale, 0 if op.bias is None else op.bias))
        fields = {"mean": added, "scale": scale.astype(np.float32), "bias": bias.astype(np.float32)}
        place = {"name": op.name, "inputs": (sums.name,), "shape": op.shape, "origin": op.origin}
        result += [ones, sums, ops.Affine(**place, **fields)]
    return without_unused(graph.rewritten(result))


def padded_with_ones(graph: QuantGraph, op: ops.Op) -> ops.Pad | None:
    """The padding that ``op`` reads, with ones for zeros, if ``op`` can be packed behind that; else None."""
    pad = graph[op.inputs[0]] if isinstance(op, ops.Conv2D) and op.padding == "valid" else None
    if not isinstance(pad, ops.Pad) or pad.value != 0 or any(pad.pads[-1]):
        return None
    if not gives_signs(graph, graph[pad.inputs[0]]):
        return None
    ones = dataclasses.replace(pad, value=1.0)
    with_ones = graph.rewritten(ones if each is pad else each for each in graph)
    return ones if why_not_packable(with_ones, op) is None else None


def _added(op: ops.Conv2D, image: ops.Shape, pads: tuple[ops.Pair, ...]) -> np.ndarray:
    """What ones in the place of zeros add to the sums: ``[height, width, channels]``."""
    outside = pad_image(np.zeros((1, *image), np.float32), tuple(pads[:-1]), 1)
    return convolve(outside, op.kernel.codes.astype(np.float32), op.strides, op.dilation, op.groups)[0]

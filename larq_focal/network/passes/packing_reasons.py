"""Why a layer of few bits is not packed."""

from __future__ import annotations

import dataclasses

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.passes.packable import gives_signs, why_not_packable
from larq_focal.network.passes.planes import why_no_planes
from larq_focal.network.passes.zeros_around_signs import padded_with_ones


def why_not_packed(graph: QuantGraph, op: ops.Weighted) -> str | None:
    """Why ``lower`` makes no binary convolutions of ``op``; None if it does.

    Args:
        graph: the network before it is lowered.
    """
    if isinstance(op, ops.Conv2D) and op.pad_value == -1 and gives_signs(graph, graph[op.inputs[0]]):
        op = dataclasses.replace(op, pad_value=1.0)  # it is padded before
    if why_not_packable(graph, op) is None or padded_with_ones(graph, op) is not None:
        return None
    if isinstance(op, ops.Conv2D) and op.is_depthwise:
        return "it is depthwise: each sum has the products of one channel, and packed words hold 32 channels"
    return why_no_planes(graph, op)

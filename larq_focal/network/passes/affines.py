"""Normalisations, scales and biases in a row as one, and as weights of a layer before them."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.passes.packable import is_packable
from larq_focal.network.passes.uses import Uses
from larq_focal.network.rewired import rewired


def merge_affines(graph: QuantGraph) -> QuantGraph:
    """One multiplication and addition for normalisations in a row, and none where they change nothing.

    ``((x - m) * s + b - n) * r + c  =  x * (s r) + ((b - m s) - n) r + c``, computed in double precision.
    """
    uses = Uses(graph)
    result: dict[str, ops.Op] = {}
    renamed: dict[str, str] = {}
    gone: set[str] = set()
    for op in graph:
        op = rewired(op, renamed)
        if not isinstance(op, ops.Affine):
            result[op.name] = op
            continue
        scale, bias = _line(op)
        before = result[op.inputs[0]]
        if isinstance(before, ops.Affine) and uses.is_used_once(graph[before.name]):
            earlier_scale, earlier_bias = _line(before)
            scale, bias = earlier_scale * scale, earlier_bias * scale + bias
            gone.add(before.name)
            op = rewired(op, {before.name: before.inputs[0]})
        if np.all(scale == 1) and not bias.any() and op.name not in graph.outputs:
            renamed[op.name] = op.inputs[0]
            continue
        result[op.name] = affine(op, scale, bias)
    return graph.rewritten(op for op in result.values() if op.name not in gone)


def _line(op: ops.Affine) -> tuple[np.ndarray, np.ndarray]:
    """Slope and value at 0, in double precision."""
    scale = op.scale.astype(np.float64)
    return scale, op.bias - op.mean * scale


def affine(place: ops.Op, scale: np.ndarray, bias: np.ndarray, **fields) -> ops.Affine:
    """``x * scale + bias`` in the place of ``place``: with its name, inputs and shape, or others from ``fields``."""
    scale, bias = np.broadcast_arrays(np.asarray(scale, np.float32), np.asarray(bias, np.float32))
    place_fields = {"name": place.name, "inputs": place.inputs, "shape": place.shape, "origin": place.origin}
    return ops.Affine(**{**place_fields, **fields}, mean=np.zeros_like(scale), scale=scale, bias=bias)


def fold_into_layers(graph: QuantGraph) -> QuantGraph:
    """Takes a normalisation behind a layer that is not packed into its weights and bias."""
    uses = Uses(graph)
    result: dict[str, ops.Op] = {}
    renamed: dict[str, str] = {}
    for op in graph:
        if isinstance(op, ops.Linear) and not is_packable(graph, op):
            after = uses.only(op)
            if isinstance(after, ops.Affine) and after.scale.ndim == 1:
                scale, shift = _line(after)
                bias = shift if op.bias is None else op.bias * scale + shift
                op = dataclasses.replace(
                    rewired(op, renamed),
                    name=after.name,
                    kernel=_scaled(op.kernel, scale),
                    bias=bias.astype(np.float32),
                )
                result[after.name] = op
                continue
        if op.name not in result:
            result[op.name] = rewired(op, renamed)
    return graph.rewritten(result.values())


def _scaled(kernel: Kernel, scale: np.ndarray) -> Kernel:
    if kernel.scale is None:
        return Kernel((kernel.codes * scale).astype(np.float32), None, FLOAT_BITS)
    return dataclasses.replace(kernel, scale=(kernel.scale * scale).astype(np.float32))

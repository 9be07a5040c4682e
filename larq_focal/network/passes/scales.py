"""The scale and bias of a binary convolution as what follows its sums, in the order in which the operator computes."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.integer_sums import sum_step
from larq_focal.network.passes.affines import affine
from larq_focal.network.passes.packable import (
    has_unit_scale,
    is_packable,
    pads_with_zero,
    takes_activation,
    why_not_packable,
)
from larq_focal.network.passes.uses import NewNames, Uses


def scales_behind_sums(graph: QuantGraph) -> QuantGraph:
    """Turns a binary convolution with scale and bias into one of whole sums and an ``Affine``.

    The operator computes ``activation(sums) * multiplier + bias``, and ``relu(s * x) = s * relu(x)`` for a scale s that
    is not negative: negative scales become negated weights, and the scale moves behind a ReLU. Other limits do not move
    with a scale, nor does a bias move through an activation.
    """
    uses, new_name = Uses(graph), NewNames(graph)
    result: dict[str, ops.Op] = {}
    for op in graph:
        if op.name in result:
            continue
        if why_not_packable(graph, op) is not None or has_unit_scale(op):
            result[op.name] = op
            continue
        codes = np.where(op.kernel.scale < 0, -op.kernel.codes, op.kernel.codes)
        scale = np.abs(op.kernel.scale)
        kernel = dataclasses.replace(op.kernel, codes=codes, scale=np.ones_like(scale))
        sums = dataclasses.replace(op, name=new_name(f"{op.name}/sums"), kernel=kernel, bias=None)
        result[sums.name] = sums
        after = uses.only(op)
        if isinstance(after, ops.Activation) and _moves_through(graph, op, after, scale):
            limited = dataclasses.replace(after, name=new_name(f"{after.name}/sums"), inputs=(sums.name,))
            result[limited.name] = limited
            result[after.name] = affine(after, scale, np.zeros_like(scale), inputs=(limited.name,))
        else:
            bias = np.zeros_like(scale) if op.bias is None else op.bias
            result[op.name] = affine(op, scale, bias, inputs=(sums.name,))
    return graph.rewritten(result.values())


def _moves_through(graph: QuantGraph, op: ops.Conv2D, activation: ops.Activation, scale: np.ndarray) -> bool:
    is_linear = activation.kind == "relu" or bool((scale == 1).all())
    return is_linear and op.bias is None and takes_activation(graph, op, activation)


def thresholds_into_bias(graph: QuantGraph) -> QuantGraph:
    """Compares with 0 in place of a threshold, which becomes a bias: of a float layer, or of padded binary sums.

    Binary sums that are padded with zeros have no packed output. Their thresholds are whole, so the difference is
    exact; so is that of float sums that are multiples of a step, with a threshold on the next multiple. That of others
    is rounded like these.
    """
    uses, new_name = Uses(graph), NewNames(graph)
    result: dict[str, ops.Op] = {}
    for op in graph:
        source = graph[op.inputs[0]] if op.inputs else None
        if not (
            isinstance(op, ops.Binarize)
            and isinstance(source, ops.Linear)
            and uses.is_used_once(source)
            and _is_difference(op)
        ):
            result[op.name] = op
            continue
        threshold = np.broadcast_to(op.threshold, op.shape[-1:])
        if not is_packable(graph, source) and source.bias is None and (step := sum_step(graph, source)) is not None:
            threshold = (np.ceil(threshold / np.float64(step)) * step).astype(np.float32)
        shift = np.float32(0) - threshold  # not -0, which would stay -0
        sign = dataclasses.replace(op, threshold=np.float32(0))
        if not is_packable(graph, source):
            bias = shift if source.bias is None else source.bias + shift
            result[source.name] = dataclasses.replace(source, bias=bias)
        elif pads_with_zero(graph, source):
            place = {"name": new_name(f"{op.name}/difference"), "inputs": (source.name,)}
            shifted = affine(source, np.ones_like(shift), shift, **place)
            result[shifted.name] = shifted
            sign = dataclasses.replace(sign, inputs=(shifted.name,))
        else:
            sign = op
        result[op.name] = sign
    return graph.rewritten(result.values())


def _is_difference(op: ops.Binarize) -> bool:
    is_by_channel = op.flip is None and np.ndim(op.threshold) <= 1
    return is_by_channel and bool(np.isfinite(op.threshold).all()) and bool(np.any(op.threshold != 0))

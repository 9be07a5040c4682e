"""The scale and bias of a binary convolution as what follows its sums, in the order in which the operator computes."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.integer_sums import Grid, sum_grid
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
    exact. That of float layers is rounded like their sums, see ``thresholds_on_grids`` for those that are exact.
    """
    uses, new_name = Uses(graph), NewNames(graph)
    result: dict[str, ops.Op] = {}
    for op in graph:
        result[op.name] = op
        layer = _compared_layer(graph, uses, op)
        if layer is None or not np.any(op.threshold != 0):
            continue
        shift = np.float32(0) - np.broadcast_to(op.threshold, op.shape[-1:])  # not -0, which would stay -0
        sign = dataclasses.replace(op, threshold=np.float32(0))
        if not is_packable(graph, layer):
            bias = shift if layer.bias is None else layer.bias + shift
            result |= {layer.name: dataclasses.replace(layer, bias=bias), op.name: sign}
        elif pads_with_zero(graph, layer):
            place = {"name": new_name(f"{op.name}/difference"), "inputs": (layer.name,)}
            shifted = affine(layer, np.ones_like(shift), shift, **place)
            del result[op.name]
            result |= {shifted.name: shifted, op.name: dataclasses.replace(sign, inputs=(shifted.name,))}
    return graph.rewritten(result.values())


def thresholds_on_grids(graph: QuantGraph, *, packs: bool = True) -> QuantGraph:
    """Biases and thresholds behind sums on a grid as one bias on that grid, so that the order of adding is the same.

    The network adds a bias to a sum and rounds; an operator may begin with the bias and round on the way. What compares
    with a threshold then gives another sign next to it. The sums that reach the threshold begin at a number of the
    grid, and sums from there on are exact in any order.

    Args:
        graph: the network.
        packs: leave binary convolutions to the passes for packed operators.
    """
    uses = Uses(graph)
    result: dict[str, ops.Op] = {}
    for op in graph:
        result[op.name] = op
        layer = _compared_layer(graph, uses, op)
        if layer is None or (packs and is_packable(graph, layer)):
            continue
        if (layer.bias is None and not np.any(op.threshold != 0)) or (grid := sum_grid(graph, layer)) is None:
            continue
        first = _first_reaching(np.broadcast_to(op.threshold, op.shape[-1:]), grid, layer.bias)
        result[layer.name] = dataclasses.replace(layer, bias=np.float32(0) - first)
        result[op.name] = dataclasses.replace(op, threshold=np.float32(0))
    return graph.rewritten(result.values())


def _compared_layer(graph: QuantGraph, uses: Uses, op: ops.Op) -> ops.Linear | None:
    """The layer that ``op`` compares with a finite threshold for each channel, where nothing else uses its sums."""
    if not isinstance(op, ops.Binarize) or op.flip is not None or np.ndim(op.threshold) > 1:
        return None
    layer = graph[op.inputs[0]]
    is_own = isinstance(layer, ops.Linear) and uses.is_used_once(layer)
    return layer if is_own and bool(np.isfinite(op.threshold).all()) else None


def _first_reaching(threshold: np.ndarray, grid: Grid, bias: np.ndarray | None) -> np.ndarray:
    """The smallest number of the grid that reaches ``threshold`` once ``bias`` is added, as float32 rounds the sum.

    By bisection. One step below the grid's first number where all reach it, one above its last where none does.
    """
    step, bias = np.float32(grid.step), np.float32(0) if bias is None else bias
    shape = np.broadcast_shapes(threshold.shape, np.shape(bias))
    below, reaching = np.full(shape, -grid.most - 1), np.full(shape, grid.most + 1)
    while np.any(reaching - below > 1):
        middle = (below + reaching) // 2
        reaches = middle.astype(np.float32) * step + bias >= threshold
        below, reaching = np.where(reaches, below, middle), np.where(reaches, middle, reaching)
    return reaching.astype(np.float32) * step

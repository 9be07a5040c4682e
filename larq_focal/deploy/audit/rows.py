"""The rows of an audit: each layer as it was meant, and what became of it in the file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from larq_focal.deploy.audit.converted import ConvertedLayer
from larq_focal.deploy.audit.intent import WeightedLayer
from larq_focal.deploy.audit.layer_audit import Became, LayerAudit
from larq_focal.deploy.audit.matching import match_kernels
from larq_focal.deploy.audit.obstacles import Obstacle, obstacles
from larq_focal.deploy.audit.outputs import Data
from larq_focal.deploy.conversion.frozen import KERNEL_OPERATIONS, FrozenGraph, NodeDef


def audit_layers(
    layers: Sequence[WeightedLayer], frozen: FrozenGraph, converted: Sequence[ConvertedLayer], sample: Data
) -> tuple[list[LayerAudit], list[list[ConvertedLayer]]]:
    """Pairs the layers of a model with the operations of a file.

    Args:
        layers: the model's.
        frozen: the graph that the converter saw.
        converted: the operations with a kernel in the file.
        sample: inputs with a batch axis of 1, to look at the values that the layers get.

    Returns:
        One row for each layer, and the operations that it became.
    """
    pieces = [(index, piece) for index, layer in enumerate(layers) for piece in layer.pieces]
    pairs = match_kernels(
        [piece for _, piece in pieces], [item.kernel for item in converted], [item.shape for item in converted]
    )
    found: list[list[ConvertedLayer]] = [[] for _ in layers]
    for (layer, _), indices in zip(pieces, pairs, strict=True):
        found[layer] += [converted[index] for index in indices]
    is_int8 = any(item.became == "int8" for item in converted)
    is_explained = all(
        not layer.declares_few_bits or all(item.became == "packed" for item in items)
        for layer, items in zip(layers, found, strict=True)
    )
    nodes = [None] * len(layers) if is_explained else _nodes([layer.kernel for layer in layers], frozen)
    rows = [
        _row(layer, items, frozen, node, sample, is_int8)
        for layer, items, node in zip(layers, found, nodes, strict=True)
    ]
    return rows, found


def _nodes(kernels: Sequence[np.ndarray], frozen: FrozenGraph) -> list[NodeDef | None]:
    """For each kernel an operation of the graph that multiplies by it."""
    nodes = [
        node for node in frozen.graph_def.node if node.op in KERNEL_OPERATIONS and frozen.is_constant(node.input[1])
    ]
    values = frozen.values([node.input[1] for node in nodes])
    matrices = [_as_matrix(node, value) for node, value in zip(nodes, values, strict=True)]
    pairs = match_kernels(kernels, matrices, [matrix.shape for matrix in matrices])
    return [nodes[indices[0]] if indices else None for indices in pairs]


def _as_matrix(node: NodeDef, kernel: np.ndarray) -> np.ndarray:
    """The kernel of a TensorFlow operation as ``[out, fan_in]``."""
    if node.op == "DepthwiseConv2dNative":
        return kernel.reshape(-1, kernel.shape[-2] * kernel.shape[-1]).T
    is_transposed = node.op.endswith(("BackpropInput", "BackpropInputV2"))
    if is_transposed or node.attr["transpose_b"].b or node.attr["adj_y"].b:
        kernel = np.swapaxes(kernel, -1, -2)
    return kernel.reshape(-1, kernel.shape[-1]).T


def _row(
    layer: WeightedLayer,
    items: Sequence[ConvertedLayer],
    frozen: FrozenGraph,
    node: NodeDef | None,
    sample: Data,
    is_int8: bool,
) -> LayerAudit:
    worst = max(items, key=lambda item: ("packed", "int8", "float").index(item.became), default=None)
    became: Became = worst.became if worst else "missing"
    found = _obstacles(layer, worst, frozen, node, sample, is_int8)
    buffers = {place: size for item in items for place, size in item.buffers.items()}
    return LayerAudit(
        layer=layer.name,
        kind=layer.kind,
        intended=layer.intended,
        became=became,
        operation=worst.operator.kind if worst else "",
        weights=layer.weights,
        bytes=sum(buffers.values()),
        expected_bytes=layer.weights if is_int8 and layer.intended == "float" else layer.declared_bytes,
        reason="; ".join(obstacle.reason for obstacle in found),
        fix="; ".join(obstacle.fix for obstacle in found if obstacle.fix),
    )


def _obstacles(
    layer: WeightedLayer,
    item: ConvertedLayer | None,
    frozen: FrozenGraph,
    node: NodeDef | None,
    sample: Data,
    is_int8: bool,
) -> list[Obstacle]:
    if item is None:
        return [Obstacle("no operation of the file has a kernel of this shape: not known what became of it", "")]
    if item.became == "packed" or (is_int8 and item.became == "int8"):
        return []
    if is_int8:
        return [Obstacle("it stayed float in an int8 file: not known why", "")]
    if not layer.declares_few_bits:
        return []
    found = obstacles(layer, frozen, node, item, sample)
    return found or [Obstacle("not known: its inputs, its kernel and its kind are such that it should be packed", "")]

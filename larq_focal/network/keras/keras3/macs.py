"""Multiply-accumulates of functions, counted in the calls of which they consist."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np

from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras3.trace import kind_of, operands
from larq_focal.network.keras.keras3.traced import called_on_symbols, traced_function
from larq_focal.network.keras.node import Node

_UNCOUNTED = (
    *("AssociativeScan", "Cond", "ForiLoop", "Map", "Scan", "Switch", "VectorizedMap", "WhileLoop"),
    *("Correlate", "DotProductAttention", "Inner", "Kron", "Outer", "SeparableConv", "Tensordot", "Vdot"),
)
"""Loops, whose work the shapes of their operands do not tell, and rare products."""


def function_macs(function: Callable, shapes: Sequence[tuple[int, ...]], dtypes: Sequence[str]) -> int | None:
    """Multiply-accumulates of the matrix products and convolutions that ``function`` consists of.

    Args:
        function: takes a tensor of each of ``shapes`` and ``dtypes``, with a batch of one.

    Returns:
        None where it cannot be traced, or holds loops and other operations whose work is not told by shapes.
    """
    try:
        return _sum(traced_function(function, [(None, *shape[1:]) for shape in shapes], dtypes).nodes)
    except NotUnderstood:
        return None


def _sum(nodes: Sequence[Node]) -> int | None:
    counts = [node_macs(node) for node in nodes]
    return None if None in counts else sum(counts)


def node_macs(node: Node) -> int | None:
    """Those of one call, for one image."""
    if isinstance(node.layer, keras.layers.Layer):
        if isinstance(node.layer, keras.layers.RNN | keras.layers.Bidirectional):
            return None
        try:
            return _sum(called_on_symbols(node.layer, node.arguments, node.keywords).nodes)
        except NotUnderstood:
            return None
    kind = kind_of(node)
    if kind in _UNCOUNTED:
        return None
    size = int(np.prod(node.outputs[0].shape[1:])) if None not in node.outputs[0].shape[1:] else None
    match kind:
        case "Matmul" | "Dot":
            return _times(size, operands(node)[0].shape[-1])
        case "Conv":
            return _times(size, *operands(node)[1].shape[:-1])
        case "DepthwiseConv":
            return _times(size, *operands(node)[1].shape[:-2])
        case "ConvTranspose":
            source, kernel = operands(node)
            return _times(1, *source.shape[1:], *kernel.shape[:-1])
        case "Einsum":
            return _einsum_macs(node)
    return 0


def _times(*sizes: int | None) -> int | None:
    return None if None in sizes else int(np.prod(sizes))


def _einsum_macs(node: Node) -> int | None:
    terms = node.layer.subscripts.split("->")[0].split(",")
    if len(terms) > 2 or "." in "".join(terms):
        return None
    shapes = [tuple(operand.shape) for operand in operands(node)]
    axes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        axes |= {letter: 1 if size is None else size for letter, size in zip(term, shape, strict=True)}
    return int(np.prod(list(axes.values()))) if len(terms) == 2 else 0

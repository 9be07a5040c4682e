"""Sums in whole weights, as ``fold_sums`` leaves them: what is counted together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.compiler.integer_form.sign_of_sum import is_signs
from larq_focal.focal_plane.compiler.integer_form.whole_weights import FINEST_FRACTION, LARGEST_WEIGHT
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.integer_sums import largest_sum


@dataclass(frozen=True)
class CountedSum:
    """``add``, whose sign is all that goes on, and what it adds: ``layers``, and one-bit maps or weighted ones."""

    add: ops.Add
    layers: tuple[ops.Conv2D, ...]
    maps: tuple[ops.Op, ...]

    @property
    def largest(self) -> int:
        """The largest count, where a layer counts each product as often as it weighs, and a map as well."""
        return sum(map(largest_count, (*self.layers, *self.maps)))


def largest_count(term: ops.Op) -> int:
    """The largest count that a layer or a one-bit map adds to that of a sum."""
    if isinstance(term, ops.Conv2D):
        return term.kernel.fan_in * math.ceil(np.abs(term.kernel.scale).max())
    return math.ceil(np.abs(term.scale).max()) if isinstance(term, ops.Affine) else 1


def counted_sums(graph: QuantGraph) -> Iterator[CountedSum]:
    """All sums of ``graph`` that have the form that ``fold_sums`` gives them, if they add a layer."""
    for op in graph:
        if not isinstance(op, ops.Add) or not ends_binary(graph, op):
            continue
        added = [graph[name] for name in op.inputs]
        layers = tuple(term for term in added if isinstance(term, ops.Conv2D))
        maps = tuple(term for term in added if term not in layers)
        if layers and all(_is_counted(graph, term) for term in layers) and all(_is_map(graph, term) for term in maps):
            yield CountedSum(op, layers, maps)


def is_weighted_map(op: ops.Op) -> bool:
    """Whether ``op`` multiplies each channel with a weight such as ``fold_sums`` gives to one-bit maps."""
    if not isinstance(op, ops.Affine) or op.mean.any() or op.bias.any() or op.scale.ndim != 1:
        return False
    return not (op.scale * 2**FINEST_FRACTION % 1).any()


def has_whole_weights(graph: QuantGraph, layer: ops.Conv2D) -> bool:
    """Whether the value of ``layer`` is a small whole number times the sums of its products, channel by channel."""
    if layer.bias is not None or largest_sum(graph, layer) is None:
        return False
    scale = np.abs(layer.kernel.scale)
    return not (scale % 1).any() and scale.max() <= LARGEST_WEIGHT


def ends_binary(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether nothing but the sign of ``op`` goes on, or of its maxima."""
    consumers = graph.consumers(op.name)
    if len(consumers) != 1 or op.name in graph.outputs:
        return False
    (after,) = consumers
    is_pool = isinstance(after, ops.Pool2D) and after.moves_elements
    return isinstance(after, ops.Binarize) or (is_pool and ends_binary(graph, after))


def _is_counted(graph: QuantGraph, layer: ops.Conv2D) -> bool:
    is_used_once = len(graph.consumers(layer.name)) == 1 and layer.name not in graph.outputs
    return is_used_once and has_whole_weights(graph, layer)


def _is_map(graph: QuantGraph, op: ops.Op) -> bool:
    return is_signs(graph, op) or (is_weighted_map(op) and is_signs(graph, graph[op.inputs[0]]))

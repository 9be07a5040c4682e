"""Networks for a part of the classes: with fewer to tell apart, weights can have fewer bits.

Source: Nayak, Zhang and Chai, "Bit Efficient Quantization for Deep Neural Networks", EMC2 workshop at NeurIPS 2019
("object class clustering"). Its abstract does not say how classes are grouped; here the classifier's weights decide.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from larq_focal.compress.folded import with_folded_normalisations
from larq_focal.network import ops
from larq_focal.network.graph import GraphError, QuantGraph
from larq_focal.network.kernel import Kernel
from larq_focal.network.load import as_graph


def class_groups(network: Any, groups: int, *, trust: bool = False) -> tuple[tuple[int, ...], ...]:
    """Groups of classes that are unlike each other, so that each group is easy to tell apart; no data is needed.

    Two classes are alike by the cosine between their weights in the classifier. Those that are most alike to another
    are dealt first, each to the group with room in which it is least like the others.

    Args:
        network: as for :func:`quantize_weights`, with one output of scores.
        groups: how many, of equal size if the number of classes allows it.
        trust: as for :func:`quantize_weights`.

    Raises:
        ValueError: there are fewer than two classes for a group.
        GraphError: the network does not end in a classifier.
    """
    graph = with_folded_normalisations(as_graph(network, trust=trust))
    kernel = _classifier(graph).kernel.values()
    columns = kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)
    count = columns.shape[1]
    if not 1 <= groups <= count // 2:
        raise ValueError(f"{count} classes can form 1 to {count // 2} groups, not {groups}.")
    columns /= np.maximum(np.linalg.norm(columns, axis=0), np.finfo(np.float64).tiny)
    likeness = columns.T @ columns
    np.fill_diagonal(likeness, -np.inf)
    room = [len(part) for part in np.array_split(np.arange(count), groups)]
    members: list[list[int]] = [[] for _ in range(groups)]
    for each in np.argsort(-likeness.max(1), kind="stable").tolist():
        open_groups = [group for group in range(groups) if len(members[group]) < room[group]]
        members[min(open_groups, key=lambda group: likeness[each, members[group]].sum())].append(each)
    return tuple(tuple(sorted(group)) for group in members)


def for_classes(network: Any, classes: Sequence[int], *, trust: bool = False) -> QuantGraph:
    """The network with the scores of ``classes`` alone, in their order; the classifier has no others.

    Args:
        network: as for :func:`quantize_weights`, with one output of scores.
        classes: their numbers, each once.
        trust: as for :func:`quantize_weights`.

    Raises:
        ValueError: there is no class of a number, or it is given twice.
        GraphError: the network does not end in a classifier.
    """
    graph = with_folded_normalisations(as_graph(network, trust=trust))
    classifier = _classifier(graph)
    count, chosen = classifier.shape[-1], list(classes)
    if not chosen or len(set(chosen)) < len(chosen) or not all(0 <= each < count for each in chosen):
        raise ValueError(f"Classes must be different numbers from 0 to {count - 1}, but are {chosen}.")
    made, is_tail = [], False
    for op in graph:
        is_tail = is_tail or op is classifier
        made.append(_selected(op, chosen) if is_tail else op)
    return graph.rewritten(made)


def _classifier(graph: QuantGraph) -> ops.Linear:
    """The layer behind which nothing mixes the scores, but for a softmax."""
    if len(graph.outputs) != 1:
        raise GraphError(f"'{graph.name}' has {len(graph.outputs)} outputs, and needed is one with the scores.")
    op = graph[graph.outputs[0]]
    while _keeps_scores(graph, op):
        op = graph[op.inputs[0]]
    if not isinstance(op, ops.Linear) or any(size != 1 for size in op.shape[:-1]):
        raise GraphError(f"'{graph.name}' does not end in a dense layer or convolution that gives the scores.")
    return op


def _keeps_scores(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether each score depends on that of its class in the input, or is its softmax."""
    if isinstance(op, ops.Reshape):
        return op.shape[-1:] == graph[op.inputs[0]].shape[-1:]
    return isinstance(op, ops.Affine | ops.Activation)


def _selected(op: ops.Op, classes: list[int]) -> ops.Op:
    shape = (*op.shape[:-1], len(classes))
    match op:
        case ops.Linear():
            kernel = op.kernel
            scale = None if kernel.scale is None else kernel.scale[classes]
            stored = len(classes) if kernel.stored_scales > 1 else kernel.stored_scales
            kernel = Kernel(np.ascontiguousarray(kernel.codes[..., classes]), scale, kernel.bits, stored)
            bias = None if op.bias is None else op.bias[classes]
            return dataclasses.replace(op, shape=shape, kernel=kernel, bias=bias)
        case ops.Affine():
            constants = {name: getattr(op, name)[..., classes] for name in ("mean", "scale", "bias")}
            return dataclasses.replace(op, shape=shape, **constants)
        case ops.Activation(kind="prelu"):
            alpha = np.broadcast_to(op.alpha, op.shape)[..., classes]
            return dataclasses.replace(op, shape=shape, alpha=alpha)
    return dataclasses.replace(op, shape=shape)

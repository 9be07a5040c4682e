"""Folding sums of layers and one-bit maps before a binarizer into sums of whole weights with one threshold."""

from __future__ import annotations

import dataclasses

import numpy as np

from larq_focal.focal_plane.compiler.integer_form.counted_sums import counted_sums
from larq_focal.focal_plane.compiler.integer_form.sign_of_sum import NoWholeSum, SignOfSum, sign_of_sum
from larq_focal.focal_plane.compiler.integer_form.whole_weights import whole_weights
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.rewired import in_a_row, rewired


def fold_sums(graph: QuantGraph) -> QuantGraph:
    """Turns [convolutions and one-bit maps, normalisations, ``Add``, ..., ``Binarize``] into whole weights and an Add.

    The sign is evaluated, rounding and all, on every combination of the sums and signs that are added, as
    ``fold_thresholds`` does it for one layer. Weights w are then sought such that the sign is a threshold on
    ``w[0] * sum[0] + w[1] * sum[1] + ...``: whole ones for convolutions, the smallest that tell all combinations apart,
    and multiples of 1/16 for one-bit maps. What finds none stays as it is, see ``why_unfolded``.

    Args:
        graph: as ``fold_thresholds`` gives it.

    Returns:
        A network of the same outputs. In folded sums the scale of each convolution is its weight and there is no bias;
        an ``Affine`` with the weight as its scale stands behind one-bit maps of other weights than 1; the threshold
        behind the ``Add`` is per channel, with ``flip`` only where max-pooling stands between.
    """
    for op in [op for op in graph if isinstance(op, ops.Binarize)]:
        try:
            total = sign_of_sum(graph, op)
            if total is not None and not _is_folded(graph, total):
                graph = _rewritten(graph, total)
        except NoWholeSum:
            continue
    return graph


def why_unfolded(graph: QuantGraph, binarize: ops.Op) -> str | None:
    """Why ``binarize`` is not a threshold on sums in whole weights; None where it is one, or reads none.

    Args:
        graph: as ``fold_sums`` gives it.
        binarize: an operation of it.
    """
    if not isinstance(binarize, ops.Binarize):
        return None
    try:
        total = sign_of_sum(graph, binarize)
        if total is not None and not _is_folded(graph, total):
            whole_weights(graph, total)
    except NoWholeSum as error:
        return str(error)
    return _why_layer_unfolded(graph, binarize) if total is None else None


def _why_layer_unfolded(graph: QuantGraph, binarize: ops.Binarize) -> str | None:
    """The same where a single layer is behind."""
    op, shared = graph[binarize.inputs[0]], None
    while isinstance(op, ops.Affine | ops.Activation | ops.Pool2D):
        shared = op if len(graph.consumers(op.name)) > 1 else shared
        op = graph[op.inputs[0]]
    if shared is None or not isinstance(op, ops.Conv2D):
        return None
    return f"'{shared.name}' is used as it is beside its sign: let the others read its sign instead."


def _is_folded(graph: QuantGraph, total: SignOfSum) -> bool:
    return any(total.add is done.add for done in counted_sums(graph))


def _rewritten(graph: QuantGraph, total: SignOfSum) -> QuantGraph:
    """The network with ``total`` in whole weights."""
    found = whole_weights(graph, total)
    zero = np.zeros(total.add.shape[-1], np.float32)
    layers: dict[str, ops.Op] = {}
    row: list[ops.Op] = []
    names = []
    for term, weights in zip(total.terms, found.weights, strict=True):
        if isinstance(term, ops.Linear):
            kernel = dataclasses.replace(term.kernel, scale=weights)
            layers[term.name] = dataclasses.replace(term, kernel=kernel, bias=None)
        elif (weights != 1).any():
            name = f"{total.add.name}/{term.name}"
            row.append(
                ops.Affine(name=name, inputs=(term.name,), shape=term.shape, mean=zero, scale=weights, bias=zero)
            )
        names.append(row[-1].name if row and row[-1].inputs == (term.name,) else term.name)
    add = dataclasses.replace(total.add, inputs=tuple(names))
    flip = found.falls if found.falls.any() else None
    sign = dataclasses.replace(total.binarize, threshold=found.threshold, flip=flip)
    row += [add, *in_a_row(add, [sign, *total.pools] if flip is None else [*total.pools, sign])]
    gone = {op.name for op in (*total.inner, *total.pools, *total.after[:-1])}
    renamed = {sign.name: row[-1].name}
    result: list[ops.Op] = []
    for op in graph:
        if op.name == sign.name:
            result += row
        elif op.name not in gone:
            result.append(rewired(layers.get(op.name, op), renamed))
    return graph.rewritten(result, [renamed.get(name, name) for name in graph.outputs])

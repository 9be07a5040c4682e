"""Folding what stands between a layer of integer sums and the next binarizer into thresholds on those sums."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from larq_focal.network import ops
from larq_focal.network.computation import compute
from larq_focal.network.graph import QuantGraph
from larq_focal.network.integer_sums import largest_sum
from larq_focal.network.kernel_sums import rescale
from larq_focal.network.rewired import in_a_row, rewired

_TABLE_SIZE = 2**22  # sums times channels that are evaluated at once


def fold_thresholds(graph: QuantGraph) -> QuantGraph:
    """Turns [integer sums, scale, bias, normalisation, activation, ``Binarize``] into [integer sums, ``Binarize``].

    The thresholds are exact: what is folded is evaluated, rounding and all, on every integer that the sum can take.
    A layer stays as it is where its value is also used elsewhere, or where the sign has more than one step.
    Max-pooling in between then runs on the signs, or on the sums where the sign falls with the pooled value.

    Args:
        graph: the network.

    Returns:
        A network of the same outputs. Folded layers have unit scale and no bias; their binarizers have a threshold
        per channel, which is an integer, or infinite where the sign is constant.
    """
    layers: dict[str, ops.Op] = {}  # by name, with unit scale
    rows: dict[str, list[ops.Op]] = {}  # what takes the place of a binarizer and of what led to it
    folded_away: set[str] = set()
    for op in graph:
        if isinstance(op, ops.Binarize) and (chain := _chain(graph, op)) and (folded := _fold(graph, chain)):
            layers[chain[0].name], *rows[op.name] = folded
            folded_away.update(step.name for step in chain[1:-1])
    last = {name: row[-1].name for name, row in rows.items()}
    result = []
    for op in graph:
        if op.name in rows:
            result += rows[op.name]
        elif op.name not in folded_away:
            result.append(rewired(layers.get(op.name, op), last))
    return graph.rewritten(result, [last.get(name, name) for name in graph.outputs])


def _chain(graph: QuantGraph, binarize: ops.Binarize) -> list[ops.Op] | None:
    """The operations from a layer of integer sums to its binarizer, if nothing else uses what is between."""
    chain: list[ops.Op] = [binarize]
    while not isinstance(chain[0], ops.Linear):
        op = graph[chain[0].inputs[0]]
        is_foldable = isinstance(op, ops.Linear | ops.Affine | ops.Activation) or _moves(op)
        if not is_foldable or op.name in graph.outputs or len(graph.consumers(op.name)) > 1:
            return None
        chain.insert(0, op)
    return chain


def _moves(op: ops.Op) -> bool:
    """Whether ``op`` only moves or selects elements, and keeps the order of the channels, or flattens them."""
    return isinstance(op, ops.Reshape | ops.Pool2D) and op.moves_elements


def _fold(graph: QuantGraph, chain: Sequence[ops.Op]) -> list[ops.Op] | None:
    """The layer of plain sums, then the binarizer and the operations that only move elements, in their new order."""
    layer, *steps, binarize = chain
    movers = [op for op in steps if _moves(op)]
    pools = [op for op in movers if isinstance(op, ops.Pool2D)]
    largest = largest_sum(graph, layer)
    if largest is None or pools not in ([], movers[:1]) or not is_by_channel(chain):
        return None
    pooled_at = steps.index(pools[0]) if pools else 0
    after = [op for op in steps[pooled_at:] if not _moves(op)]
    response = _respond(layer, steps[:pooled_at], [*after, binarize], largest)
    if not response.steps_once or (pools and not (response.sign_keeps_order or response.value_keeps_order)):
        return None
    threshold, flip = response.thresholds()
    kernel = dataclasses.replace(layer.kernel, scale=np.ones_like(layer.kernel.scale))
    layer = dataclasses.replace(layer, kernel=kernel, bias=None)
    binarize = dataclasses.replace(binarize, threshold=threshold, flip=flip if flip.any() else None)
    order = [binarize, *movers] if response.sign_keeps_order else [*pools, binarize, *movers[len(pools) :]]
    return [layer, *in_a_row(layer, order)]


def is_by_channel(chain: Sequence[ops.Op]) -> bool:
    """Whether all operations but layers treat all elements of a channel of the first alike."""
    most_axes = 1
    for op in chain:
        if isinstance(op, ops.Reshape) and op.shape[-1:] != chain[0].shape[-1:]:
            most_axes = 0
        computes = not isinstance(op, ops.Linear) and not _moves(op)
        if computes and (op.constant_axes is None or op.constant_axes > most_axes):
            return False
    return True


@dataclasses.dataclass(frozen=True)
class _Response:
    """How the sign answers to the sums -K to K, per channel ``[C]``.

    ``positive`` counts the sums of sign +1; ``first`` is the sign at -K; ``changes`` counts the steps.
    ``sign_keeps_order`` says that the sign never falls with the value that is pooled, and ``value_keeps_order`` that
    this value never falls with the sum.
    """

    largest: int
    positive: np.ndarray
    first: np.ndarray
    changes: np.ndarray
    sign_keeps_order: bool
    value_keeps_order: bool

    @property
    def steps_once(self) -> bool:
        return bool((self.changes <= 1).all())

    def thresholds(self) -> tuple[np.ndarray, np.ndarray]:
        """Threshold and flip of the binarizer that answers in the same way."""
        is_constant = self.changes == 0
        flip = (self.first > 0) & ~is_constant
        step = np.where(flip, self.positive - 1 - self.largest, self.largest + 1 - self.positive)
        return np.where(is_constant, np.where(self.first > 0, -np.inf, np.inf), step).astype(np.float32), flip


@np.errstate(over="ignore", invalid="ignore")
def _respond(layer: ops.Linear, before: Sequence[ops.Op], after: Sequence[ops.Op], largest: int) -> _Response:
    """Evaluates scale, bias, ``before`` and ``after`` on all sums, in slices that overlap by one sum."""
    channels = layer.shape[-1]
    positive, changes = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    rises, falls, agrees = np.ones((3, channels), bool)
    first = None
    rows = max(2, _TABLE_SIZE // channels)
    for start in range(-largest, largest + 1, rows):
        sums = np.arange(max(start - 1, -largest), min(start + rows, largest + 1), dtype=np.float32)
        value = rescale(layer, np.repeat(sums[:, None], channels, 1))
        for op in before:
            value = compute(op, value)
        sign = value
        for op in after:
            sign = compute(op, sign)
        earlier, later, sign_change = value[:-1], value[1:], np.diff(sign, axis=0)
        first = sign[0] if first is None else first
        positive += (sign[int(start > -largest) :] > 0).sum(0)
        changes += (sign_change != 0).sum(0)
        rises &= (later >= earlier).all(0)
        falls &= (later <= earlier).all(0)
        agrees &= np.where(later > earlier, sign_change >= 0, sign_change <= 0).all(0)
        agrees &= np.where(later < earlier, sign_change <= 0, sign_change >= 0).all(0)
    keeps_order = bool(((rises | falls) & agrees).all())
    return _Response(largest, positive, first, changes, keeps_order, bool(rises.all()))

"""What leads to a sign as a threshold on the value that it starts from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from larq_focal.network import ops
from larq_focal.network.fold import is_by_channel
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import compute
from larq_focal.network.passes.uses import Uses, without_unused
from larq_focal.network.steps import floats_of_rank, largest_rank

_RISING = frozenset({"relu", "relu6", "relu_n1_to_1", "clip", "hard_sigmoid", "floor"})


def fold_into_thresholds(graph: QuantGraph) -> QuantGraph:
    """Turns [normalisations, rising activations, ``Binarize``] into ``Binarize`` with a threshold per channel.

    Each operation rises or falls with its input, and so does its float result, since rounding keeps order. The sign of
    a channel thus changes at one float at most, which bisection finds: the result is exactly the same. What somebody
    else reads too stays.
    """
    uses = Uses(graph)
    replaced: dict[str, ops.Binarize] = {}
    for op in graph:
        if isinstance(op, ops.Binarize) and (chain := _chain(graph, uses, op)) and is_by_channel([*chain, op]):
            threshold, flip = _thresholds([*chain, op], op.shape[-1])
            replaced[op.name] = dataclasses.replace(
                op, inputs=chain[0].inputs, threshold=threshold, flip=flip if flip.any() else None
            )
    return without_unused(graph.rewritten(replaced.get(op.name, op) for op in graph))


def _chain(graph: QuantGraph, uses: Uses, binarize: ops.Binarize) -> list[ops.Op]:
    chain: list[ops.Op] = []
    op = graph[binarize.inputs[0]]
    while uses.is_used_once(op) and _is_monotonic(op) and op.shape == graph[op.inputs[0]].shape:
        chain.insert(0, op)
        op = graph[op.inputs[0]]
    return chain


def _is_monotonic(op: ops.Op) -> bool:
    if isinstance(op, ops.Activation) and op.kind in ("prelu", "leaky_relu"):
        return bool(np.all(op.alpha >= 0))
    return isinstance(op, ops.Affine) or (isinstance(op, ops.Activation) and op.kind in _RISING)


@np.errstate(all="ignore")
def _thresholds(chain: Sequence[ops.Op], channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and flip, per channel, of the sign at the end of ``chain`` as one of its first input."""

    def is_positive(ranks: np.ndarray) -> np.ndarray:
        value = floats_of_rank(ranks)[None]
        for op in chain:
            value = compute(op, value).astype(np.float32, copy=False)
        return value[0] > 0

    low, high = np.full(channels, -largest_rank()), np.full(channels, largest_rank())
    first, last = is_positive(low), is_positive(high)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        is_like_last = is_positive(middle) == last
        high, low = np.where(is_like_last, middle, high), np.where(is_like_last, low, middle)
    flip = first & ~last
    threshold = np.where(flip, floats_of_rank(low), floats_of_rank(high))
    threshold = np.where(first == last, np.where(last, -np.inf, np.inf), threshold)
    return threshold.astype(np.float32), flip


def normal_thresholds(graph: QuantGraph) -> QuantGraph:
    """Thresholds between 0 and the smallest normal float as one of the two, which engines tell apart.

    Engines may take subnormal numbers for 0 (XNNPACK does). For all others ``x >= t`` with such a t is the same as with
    the next normal number above it, and ``x <= t`` with the next below.
    """
    result: list[ops.Op] = []
    for op in graph:
        if isinstance(op, ops.Binarize):
            flip = np.bool_(False) if op.flip is None else op.flip
            threshold = np.where(flip, -_normal_above(-op.threshold), _normal_above(op.threshold))
            threshold = threshold.reshape(op.threshold.shape) if threshold.size == op.threshold.size else threshold
            op = dataclasses.replace(op, threshold=threshold)
        elif isinstance(op, ops.Quantize):
            op = dataclasses.replace(op, boundaries=_normal_above(op.boundaries))
        result.append(op)
    return graph.rewritten(result)


def _normal_above(x: np.ndarray) -> np.ndarray:
    tiny = np.finfo(np.float32).tiny
    return np.where(np.abs(x) >= tiny, x, np.where(x > 0, tiny, np.float32(0))).astype(np.float32)

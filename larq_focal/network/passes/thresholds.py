"""What leads to a sign as a threshold on the value that it starts from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from larq_focal.network import ops
from larq_focal.network.computation import compute
from larq_focal.network.graph import QuantGraph
from larq_focal.network.integer_sums import largest_sum
from larq_focal.network.kernel_sums import rescale
from larq_focal.network.passes.packable import has_unit_scale
from larq_focal.network.passes.uses import NewNames, Uses, without_unused
from larq_focal.network.rewired import in_a_row
from larq_focal.network.step_function import floats_of_rank, largest_rank

_LARGEST_WHOLE = 2**24
"""float32 holds all whole numbers up to this one."""
LargestSum = Callable[[QuantGraph, ops.Linear], int | None]
"""The largest magnitude that the sums of a layer can have, or None where they are not integers."""


def fold_into_thresholds(graph: QuantGraph, largest_sum: LargestSum = largest_sum) -> QuantGraph:
    """Turns [scale, bias, normalisations, rising activations, ``Binarize``] into thresholds by channel.

    Each operation rises or falls with its input, and so does its float result, since rounding keeps order. The sign of
    a channel thus changes at one number at most, which bisection finds: the result is exactly the same. It starts from
    the whole sums of a layer where there are such, which then has unit scale and no bias, else from all floats. What
    somebody else reads too stays.

    Args:
        graph: the network.
        largest_sum: tells which sums are whole, and how large they can be.
    """
    uses, new_name = Uses(graph), NewNames(graph)
    rows: dict[str, list[ops.Op]] = {}
    layers: dict[str, ops.Op] = {}
    for op in graph:
        if not isinstance(op, ops.Binarize):
            continue
        chain = _chain(graph, uses, op)
        source = graph[chain[0].inputs[0]] if chain else graph[op.inputs[0]]
        largest = _largest_sum(graph, uses, source, largest_sum)
        is_done = largest is None or has_unit_scale(source)
        if (is_done and not any(_is_monotonic(step) for step in chain)) or not _is_by_channel(graph, [*chain, op]):
            continue
        threshold, flip = _thresholds(source if largest is not None else None, [*chain, op], source.shape[-1], largest)
        sign = dataclasses.replace(op, threshold=threshold, flip=flip if flip.any() else None)
        reshapes = [step for step in chain if isinstance(step, ops.Reshape)]
        row = [sign, *reshapes]
        names = [*(new_name(f"{op.name}/sign") for _ in reshapes), op.name]  # others read the last one
        row = in_a_row(source, [dataclasses.replace(step, name=name) for step, name in zip(row, names, strict=True)])
        rows[op.name] = row
        if largest is not None:
            kernel = dataclasses.replace(source.kernel, scale=np.ones_like(source.kernel.scale))
            layers[source.name] = dataclasses.replace(source, kernel=kernel, bias=None)
    result = [each for op in graph for each in rows.get(op.name, [layers.get(op.name, op)])]
    return without_unused(graph.rewritten(result))


def _chain(graph: QuantGraph, uses: Uses, binarize: ops.Binarize) -> list[ops.Op]:
    chain: list[ops.Op] = []
    op = graph[binarize.inputs[0]]
    while uses.is_used_once(op) and (isinstance(op, ops.Reshape) or _is_monotonic(op)):
        chain.insert(0, op)
        op = graph[op.inputs[0]]
    return chain


def _is_monotonic(op: ops.Op) -> bool:
    return isinstance(op, ops.Affine | ops.Activation) and op.is_monotonic


def _largest_sum(graph: QuantGraph, uses: Uses, op: ops.Op, largest_sum: LargestSum) -> int | None:
    """The largest sum of a layer of whole sums that nobody else reads."""
    if not isinstance(op, ops.Linear) or not uses.is_used_once(op):
        return None
    largest = largest_sum(graph, op)
    return largest if largest is not None and largest < _LARGEST_WHOLE else None


def _is_by_channel(graph: QuantGraph, chain: Sequence[ops.Op]) -> bool:
    """Whether all elements of a channel of what ``chain`` starts from are treated alike."""
    most_axes = 1
    for op in chain:
        if isinstance(op, ops.Reshape):
            most_axes = most_axes if op.shape[-1:] == graph[op.inputs[0]].shape[-1:] else 0
        elif op.constant_axes > most_axes:
            return False
    return True


@np.errstate(all="ignore")
def _thresholds(
    layer: ops.Linear | None, chain: Sequence[ops.Op], channels: int, largest: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and flip, per channel, of the sign at the end of ``chain`` as one of what it starts from.

    That is the sums of ``layer``, whole numbers up to ``largest``, or all floats, numbered in their order.
    """
    limit = largest_rank() if largest is None else largest

    def number(place: np.ndarray) -> np.ndarray:
        return floats_of_rank(place) if largest is None else place.astype(np.float32)

    def is_positive(place: np.ndarray) -> np.ndarray:
        value = number(place)[None]
        value = value if layer is None else rescale(layer, value)
        for op in chain:
            value = value if isinstance(op, ops.Reshape) else compute(op, value).astype(np.float32, copy=False)
        return value[0] > 0

    low, high = np.full(channels, -limit), np.full(channels, limit)
    first, last = is_positive(low), is_positive(high)
    while np.any(high - low > 1):
        middle = (low + high) // 2
        is_like_last = is_positive(middle) == last
        high, low = np.where(is_like_last, middle, high), np.where(is_like_last, low, middle)
    flip = first & ~last
    threshold = np.where(flip, number(low), number(high))
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

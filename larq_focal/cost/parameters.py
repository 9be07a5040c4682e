"""How many numbers of how many bits an operation keeps in memory for inference.

Every class of operation has its rule here; one without a rule is an error, and a test tries them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.kernel import FLOAT_BITS, Kernel


@dataclass(frozen=True, eq=False)
class Stored:
    """Numbers that are stored side by side.

    Attributes:
        array: what holds them; operations that share it store it once.
        count: how many numbers there are.
        bits: the width of each.
        is_extra: whether they are there for the sake of few bits only: scales and flips, which float32 does without.
    """

    array: np.ndarray
    count: int
    bits: int = FLOAT_BITS
    is_extra: bool = False


@singledispatch
def stored(op: ops.Op) -> Iterator[Stored]:
    """What ``op`` stores, by its form alone and never by the values.

    Kernels count at the width of their codes; biases, thresholds and learned slopes at 32 bits; an ``Affine`` what it
    names, which for a batch normalisation is a multiplier and an offset per channel (``lq.models.summary`` of larq
    counts so too). Single numbers that are part of an operation (the steps of ``Quantize``, the grid of
    ``UniformQuantize``, the slope of a leaky ReLU, the threshold of a plain sign) are not counted.
    """
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, and there is no rule for what that stores.")


@stored.register(ops.Add)
@stored.register(ops.Concat)
@stored.register(ops.Einsum)
@stored.register(ops.GlobalPool)
@stored.register(ops.Input)
@stored.register(ops.Multiply)
@stored.register(ops.Pad)
@stored.register(ops.Pool2D)
@stored.register(ops.Quantize)
@stored.register(ops.Reshape)
@stored.register(ops.Slice)
@stored.register(ops.Standardize)
@stored.register(ops.UniformQuantize)
def _(op):
    return iter(())


@stored.register(ops.Embedding)
@stored.register(ops.Unknown)
@stored.register(ops.Weighted)
def _(op):
    for kernel in kernels(op):
        yield Stored(kernel.codes, kernel.size, kernel.bits)
        if kernel.stored_scales:
            yield Stored(kernel.scale, kernel.stored_scales, is_extra=True)
    if isinstance(op, ops.Weighted) and op.bias is not None:
        yield Stored(op.bias, op.bias.size)


@stored.register
def _(op: ops.Affine):
    for name in op.stored:
        yield Stored(getattr(op, name), getattr(op, name).size)


@stored.register
def _(op: ops.Activation):
    if op.kind == "prelu":
        yield Stored(op.alpha, int(np.size(op.alpha)))


@stored.register
def _(op: ops.Binarize):
    if np.ndim(op.threshold):
        yield Stored(op.threshold, op.threshold.size)
    if op.flip is not None:
        yield Stored(op.flip, op.flip.size, bits=1, is_extra=True)


def kernels(op: ops.Op) -> tuple[Kernel, ...]:
    """The kernels of ``op``."""
    if isinstance(op, ops.Unknown):
        return op.weights or ()
    return (op.kernel,) if isinstance(op, ops.Weighted | ops.Embedding) else ()


def stored_once(graph: QuantGraph) -> dict[str, tuple[Stored, ...]]:
    """What each operation stores, by its name; what an earlier operation stores already is left out."""
    seen: set[int] = set()
    result = {}
    for op in graph:
        result[op.name] = tuple(item for item in stored(op) if id(item.array) not in seen)
        seen.update(id(item.array) for item in result[op.name])
    return result


def parameter_counts(op: ops.Op) -> Counter[int]:
    """Stored numbers of one operation by their width in bits: ``{1: 2304, 32: 16}``.

    To see what folding saves, give the folded graph.
    """
    return count_by_bits(stored(op))


def count_by_bits(items) -> Counter[int]:
    counts: Counter[int] = Counter()
    for item in items:
        counts[item.bits] += item.count
    return +counts


def parameter_bits(op: ops.Op) -> int:
    """Bits of all the numbers that ``op`` keeps."""
    return sum(item.bits * item.count for item in stored(op))


def float_parameters(op: ops.Op) -> int:
    """Numbers that the same operation keeps where all is float32: no scales and flips, which only few bits need."""
    return count_without_extra(stored(op))


def count_without_extra(items) -> int:
    return sum(item.count for item in items if not item.is_extra)

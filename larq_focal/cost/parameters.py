"""How many numbers of how many bits the operations of a network keep in memory for inference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Numbers, Op


def stored_once(graph: QuantGraph) -> dict[str, tuple[Numbers, ...]]:
    """What each operation stores, by its name; what an earlier operation stores already is left out."""
    seen: set[int] = set()
    result = {}
    for op in graph:
        result[op.name] = tuple(numbers for numbers in op.numbers() if id(numbers.array) not in seen)
        seen.update(id(numbers.array) for numbers in result[op.name])
    return result


def parameter_counts(op: Op) -> Counter[int]:
    """Stored numbers of one operation by their width in bits: ``{1: 2304, 32: 16}``.

    An ``Affine`` counts what it names, which for a batch normalisation is a multiplier and an offset per channel
    (``lq.models.summary`` of larq counts so too). To see what folding saves, give the folded graph.
    """
    return count_by_bits(op.numbers())


def count_by_bits(stored: Iterable[Numbers]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for numbers in stored:
        counts[numbers.bits] += numbers.count
    return +counts


def parameter_bits(op: Op) -> int:
    """Bits of all the numbers that ``op`` keeps."""
    return sum(numbers.bits * numbers.count for numbers in op.numbers())


def float_parameters(op: Op) -> int:
    """Numbers that the same operation keeps where all is float32: no scales and flips, which only few bits need."""
    return count_without_extra(op.numbers())


def count_without_extra(stored: Iterable[Numbers]) -> int:
    return sum(numbers.count for numbers in stored if not numbers.is_extra)

"""Which runs nobody beats: no other is at least as accurate at no more cost, and better in one of the two."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(costs: Sequence[float], values: Sequence[float]) -> list[int]:
    """Positions of the points that no other point dominates, by rising cost.

    A point is dominated where another one costs no more and is worth no less, and is better in one of both. Points
    that are equal in both are on the front together. NaN marks a point without a figure; it is on no front.

    Args:
        costs: what to make small.
        values: what to make large; as many as ``costs``.
    """
    known = [i for i, (cost, value) in enumerate(zip(costs, values, strict=True)) if cost == cost and value == value]
    front: list[int] = []
    for i in sorted(known, key=lambda i: (costs[i], -values[i])):
        if not front or values[i] > values[front[-1]] or (costs[i], values[i]) == (costs[front[-1]], values[front[-1]]):
            front.append(i)
    return front

"""Places in one arena for values and scratch memory: by live ranges, over each other where that is safe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

_ORDERS = 64
"""That buffers are placed in, of which the one with the smallest arena is taken."""


@dataclass(frozen=True)
class Buffer:
    """Memory that is needed from one step to another, both included."""

    name: str
    words: int
    first: int
    last: int

    def meets(self, other: Buffer) -> bool:
        return self.first <= other.last and other.first <= self.last


Behind = Mapping[tuple[str, str], int]
"""For (result, source): words by which the source must begin behind the result, where the two may overlap."""


@dataclass(frozen=True)
class Plan:
    """Where each buffer begins, in words."""

    places: Mapping[str, int]
    words: int


def planned(buffers: Iterable[Buffer], behind: Behind) -> Plan:
    """The smallest of the arenas that placing the buffers greedily in several orders gives."""
    buffers = [*buffers]
    random = np.random.default_rng(0)
    orders = [
        sorted(buffers, key=lambda b: (-b.words, b.first)),
        sorted(buffers, key=lambda b: (b.first, -b.words)),
        sorted(buffers, key=lambda b: (-b.last, -b.words)),
        *([buffers[i] for i in random.permutation(len(buffers))] for _ in range(_ORDERS)),
    ]
    return min((_placed(order, behind) for order in orders), key=lambda plan: plan.words)


def _placed(order: list[Buffer], behind: Behind) -> Plan:
    places: dict[str, int] = {}
    done: list[Buffer] = []
    for buffer in order:
        met = [other for other in done if other.meets(buffer)]
        candidates = {0}
        for other in met:
            candidates.add(places[other.name] + other.words)
            if (distance := behind.get((buffer.name, other.name))) is not None:
                candidates.add(places[other.name] - distance)
            if (distance := behind.get((other.name, buffer.name))) is not None:
                candidates.add(places[other.name] + distance)
        places[buffer.name] = next(
            place
            for place in sorted(candidates)
            if place >= 0 and all(_is_safe(buffer, place, other, places[other.name], behind) for other in met)
        )
        done.append(buffer)
    return Plan(places, max((places[b.name] + b.words for b in done), default=0))


def _is_safe(buffer: Buffer, place: int, other: Buffer, taken: int, behind: Behind) -> bool:
    if place + buffer.words <= taken or taken + other.words <= place:
        return True
    ahead = behind.get((buffer.name, other.name))
    if ahead is not None and taken - place >= ahead:
        return True
    after = behind.get((other.name, buffer.name))
    return after is not None and place - taken >= after

"""Fully connected layers on the array: every unit is a product with a plane of weights, whose ones are counted.

The chip has two ways to count. ``global_count`` is an estimate in ``COUNT_LEVELS`` steps from none to all pixels, 16
pixels each on 256x256, at the cost of an analog register. ``read_events`` reads the addresses of the ones, which is
exact, and takes time for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code
from larq_focal.focal_plane.compiler.options import ESTIMATES, EVENTS
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.machine.controller import COUNT_LEVELS, MOST_EVENTS
from larq_focal.network.ops import Dense


@dataclass(frozen=True)
class Scores:
    """The sums of a dense layer: unit u is the sum of ``factor * count`` over ``terms[u]``, minus ``offsets[u]``.

    ``pixels`` are those of the array where counts are estimates, and None where ones are counted by their addresses.
    """

    name: str
    terms: tuple[tuple[tuple[str, int], ...], ...]
    offsets: tuple[int, ...]
    pixels: int | None = None

    def value(self, results: Mapping[str, Any]) -> np.ndarray:
        """The sums ``[units]`` from estimates, or from addresses or their number, by the names of their results."""
        sums = [sum(factor * self._count(results[name]) for name, factor in terms) for terms in self.terms]
        return np.array(sums, np.int64) - np.array(self.offsets, np.int64)

    def _count(self, result: Any) -> int:
        if self.pixels is None:
            return result if isinstance(result, int) else len(result)
        return round(int(result) * self.pixels / COUNT_LEVELS)

    @property
    def largest_error(self) -> int:
        """By how much a sum may be off for the steps of the estimate alone, without the noise of a chip; 0 if exact."""
        if self.pixels is None:
            return 0
        step = self.pixels / COUNT_LEVELS
        return max((sum(abs(factor) * int(step / 2 + 1) for _, factor in terms) for terms in self.terms), default=0)

    @property
    def summary(self) -> str:
        if not self.largest_error:
            return "exact, counted by the addresses of ones"
        return f"estimated; steps of the counts alone put sums off by up to {self.largest_error}"


def scored(code: Code, constants: Constants, maps: Maps, op: Dense, word: str, counts: str) -> Scores:
    """Counts a binary or ternary dense layer over flattened one-bit maps.

    With bits b that stand for 2 b - 1, the sum of products with weights w is twice the bits at +1 minus those at -1,
    minus the sum of w. Where no weight is 0 the bits at -1 are all but those at +1, which are counted once for all.

    Args:
        code: where the instructions go.
        constants: loads the weights.
        maps: the layer's input.
        op: the layer, its kernel ``[height * width * channels, units]``.
        word: what the names of results begin with.
        counts: how ones are counted, one of ``DENSE_COUNTS``.
    """
    layout = maps.layout
    codes = op.kernel.codes.astype(np.int64)
    inverted = [code.nor(plane) for plane in maps.planes]
    is_binary = bool(codes.all())

    def count(selected: np.ndarray, name: str) -> list[str]:
        """Counts the ones among the ``selected`` elements, plane by plane, and returns the names of the results."""
        planes = layout.planes_of(selected.reshape(layout.shape), constants.shape)
        names = []
        for index, wanted in enumerate(planes):
            for part in _parts(wanted, counts):
                names.append(f"{word}_{name}_{len(names)}")
                code.split()
                product = code.nor(inverted[index], constants.whole(~part))
                if counts == EVENTS:
                    code.call("read_events", product, MOST_EVENTS, result=names[-1])
                else:
                    code.call("global_count", product, code.sensor.analog.storage[0], result=names[-1])
        return names

    everything = [(name, -2) for name in count(np.ones(len(codes), bool), "all")] if is_binary else []
    terms = []
    for unit, weights in enumerate(codes.T):
        plus = count(weights > 0, f"{unit}_plus")
        if is_binary:
            terms.append((*((name, 4) for name in plus), *everything))
        else:
            minus = count(weights < 0, f"{unit}_minus")
            terms.append((*((name, 2) for name in plus), *((name, -2) for name in minus)))
    pixels = code.sensor.plane_bits if counts == ESTIMATES else None
    return Scores(op.name, tuple(terms), tuple(codes.sum(0).tolist()), pixels)


def _parts(wanted: np.ndarray, counts: str) -> Iterator[np.ndarray]:
    """The plane ``wanted`` in parts that are counted at once: no more ones than addresses that one call reads."""
    ones = np.flatnonzero(wanted)
    most = MOST_EVENTS if counts == EVENTS else max(len(ones), 1)
    for start in range(0, len(ones), most):
        part = np.zeros(wanted.size, bool)
        part[ones[start : start + most]] = True
        yield part.reshape(wanted.shape)

"""Fully connected layers on the array: every unit is a product with a plane of weights, and a count over the array."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.network.ops import Dense


@dataclass(frozen=True)
class Scores:
    """The sums of a dense layer: unit u is the sum of ``factor * count`` over ``terms[u]``, minus ``offsets[u]``."""

    name: str
    terms: tuple[tuple[tuple[str, int], ...], ...]
    offsets: tuple[int, ...]

    def value(self, results: Mapping[str, int]) -> np.ndarray:
        """The sums ``[units]`` from counts by the names of their results."""
        sums = [sum(factor * int(results[name]) for name, factor in terms) for terms in self.terms]
        return np.array(sums, np.int64) - np.array(self.offsets, np.int64)


def scored(code: Code, constants: Constants, maps: Maps, op: Dense, word: str) -> Scores:
    """Counts a binary or ternary dense layer over flattened one-bit maps.

    With bits b that stand for 2 b - 1, the sum of products with weights w is twice the bits at +1 minus those at -1,
    minus the sum of w. Where no weight is 0 the bits at -1 are all but those at +1, which are counted once for all.

    Args:
        code: where the instructions go.
        constants: loads the weights.
        maps: the layer's input.
        op: the layer, its kernel ``[height * width * channels, units]``.
        word: what the names of results begin with.
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
            if wanted.any():
                names.append(f"{word}_{name}_{index}")
                code.split()
                product = code.nor(inverted[index], constants.whole(~wanted))
                code.call("global_count", product, result=names[-1])
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
    return Scores(op.name, tuple(terms), tuple(codes.sum(0).tolist()))

"""Whole weights for sums of layers and one-bit maps, such that one threshold gives the sign, exactly."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from larq_focal.focal_plane.compiler.integer_form.sign_of_sum import NoWholeSum, SignOfSum, is_signs
from larq_focal.network import ops
from larq_focal.network.computation import compute
from larq_focal.network.graph import QuantGraph
from larq_focal.network.integer_sums import largest_sum
from larq_focal.network.kernel_sums import rescale

MOST_SUMS = 2**24  # combinations of sums times channels that are evaluated
LARGEST_WEIGHT = 15  # of a convolution in a sum
FINEST_FRACTION = 4  # binary places of the weight of a one-bit map
_LARGEST_BIT_WEIGHT = 2.0**18  # so that sums with its fractions are exact in float32
_TABLE_SIZE = 2**22  # sums times channels that are evaluated at once


@dataclasses.dataclass(frozen=True)
class Weights:
    """Weights ``[terms, C]``; the sign is +1 from ``threshold`` on, or up to it where it ``falls``."""

    weights: np.ndarray
    threshold: np.ndarray
    falls: np.ndarray


def whole_weights(graph: QuantGraph, total: SignOfSum) -> Weights:
    """The smallest weights for which a threshold on the sum gives the sign of ``total``.

    Raises:
        NoWholeSum: there are none, or the sign has more than one step.
    """
    return _Search(graph, total).found()


class _Search:
    """Weights and thresholds by an evaluation of all sums.

    ``pairs`` ``[signs, maps]`` are all signs of the one-bit maps, and ``sums`` ``[sums, convolutions]`` all sums of the
    convolutions, which go together in every combination.
    """

    def __init__(self, graph: QuantGraph, total: SignOfSum):
        self._total = total
        self._channels = total.add.shape[-1]
        layers = [term for term in total.terms if isinstance(term, ops.Conv2D)]
        self._is_sum = np.array([term in layers for term in total.terms])
        values = [_sums_of(graph, layer) for layer in layers]
        self._maps = len(total.terms) - len(layers)
        size = math.prod(len(row) for row in values)
        if size * 2**self._maps * self._channels > MOST_SUMS:
            raise NoWholeSum(
                f"'{total.add.name}' has {size * 2**self._maps:,} combinations of sums, too many to try: binarize each "
                "of them first."
            )
        self._sums = _combinations(values)
        self._signs = _combinations([np.array([-1, 1])] * self._maps)

    @np.errstate(over="ignore", invalid="ignore")
    def found(self) -> Weights:
        is_plus, falls = self._evaluated_signs()
        slopes = self._slopes()
        weights = np.zeros(slopes.shape)
        thresholds = np.zeros(self._channels)
        known: dict[tuple, tuple[np.ndarray, float] | None] = {}  # channels are often alike
        for channel in range(self._channels):
            here = is_plus[..., channel]
            key = slopes[:, channel].tobytes(), np.packbits(here).tobytes(), falls[channel]
            if key not in known:
                known[key] = self._thresholded(slopes[:, channel], here, bool(falls[channel]))
            if known[key] is None:
                raise NoWholeSum(self._reason(channel, slopes[:, channel]))
            weights[:, channel], thresholds[channel] = known[key]
        return Weights(weights.astype(np.float32), thresholds.astype(np.float32), falls)

    def _thresholded(self, slopes: np.ndarray, is_plus: np.ndarray, falls: bool) -> tuple[np.ndarray, float] | None:
        """Weights ``[terms]`` and the threshold of one channel, or None.

        Args:
            slopes: by how much the value grows with each term.
            is_plus: the sign wanted, ``[signs, sums]``.
            falls: whether the sign is to be +1 up to the threshold instead of from it on.
        """
        if is_plus.all() or not is_plus.any():
            return np.zeros(len(slopes)), -np.inf if is_plus[0, 0] else np.inf
        is_beyond = is_plus != falls
        for weights in _candidates(slopes, self._is_sum):
            for directed in (weights, -weights):
                sums = self._sums @ directed[self._is_sum]
                below = np.where(is_beyond, -np.inf, sums).max(1)  # by signs, the largest sum before the step
                above = np.where(is_beyond, sums, np.inf).min(1)
                if (below >= above).any():
                    continue
                largest = np.abs(sums).max()
                bits = directed[~self._is_sum]
                for rounded in (*_rounded(bits, largest), *_centred(bits, below, above, largest)):
                    shift = self._signs @ rounded
                    last, first = (below + shift).max(), (above + shift).min()
                    if last < first:
                        directed[~self._is_sum] = rounded
                        return directed, last if falls else first
        return None

    def _reason(self, channel: int, slopes: np.ndarray) -> str:
        names = " and ".join(f"'{term.name}'" for term in self._total.terms)
        ratio = " : ".join(f"{slope:.4g}" for slope in slopes)
        return (
            f"'{self._total.binarize.name}' is not a threshold on whole multiples, up to {LARGEST_WEIGHT}, of what "
            f"'{self._total.add.name}' adds, which is {names} at {ratio} in channel {channel}: give the convolutions "
            "one scale, with a normalisation and activations that only rise behind the sum, or binarize each before it."
        )

    def _evaluated(self, terms: np.ndarray, steps: Sequence[ops.Op]) -> dict[str, np.ndarray]:
        """Values ``[N, C]`` of ``steps`` on signs and sums ``[N, terms]``."""
        values: dict[str, np.ndarray] = {}
        for term, column in zip(self._total.terms, terms.T.astype(np.float32), strict=True):
            value = np.repeat(column[:, None], self._channels, 1)
            values[term.name] = rescale(term, value) if isinstance(term, ops.Linear) else value
        for op in steps:
            values[op.name] = compute(op, *(values[name] for name in op.inputs))
        return values

    def _evaluated_signs(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the sign is +1, ``[signs, sums, C]``, and in which channels it falls with a value that is pooled."""
        total = self._total
        shape = len(self._signs), len(self._sums), self._channels
        is_plus = np.empty(shape, bool)
        lowest, highest = (np.full((2, self._channels), bound) for bound in (np.inf, -np.inf))  # by sign
        rows = max(1, _TABLE_SIZE // self._channels)
        for index, start in product(range(shape[0]), range(0, shape[1], rows)):
            sums = self._sums[start : start + rows]
            terms = np.empty((len(sums), len(total.terms)))
            terms[:, self._is_sum], terms[:, ~self._is_sum] = sums, self._signs[index]
            value = sign = self._evaluated(terms, total.inner)[total.inner[-1].name]
            for op in total.after:
                sign = compute(op, sign)
            here = is_plus[index, start : start + rows] = sign > 0
            for way, chosen in enumerate((~here, here)):
                lowest[way] = np.minimum(lowest[way], np.where(chosen, value, np.inf).min(0))
                highest[way] = np.maximum(highest[way], np.where(chosen, value, -np.inf).max(0))
        rises, falls = lowest[1] > highest[0], lowest[0] > highest[1]
        if not (rises | falls).all():
            raise NoWholeSum(f"'{total.binarize.name}' changes its sign more than once with '{total.add.name}'.")
        return is_plus, falls & ~rises & bool(total.pools)

    def _slopes(self) -> np.ndarray:
        """By how much the sum grows with each term, ``[terms, C]``."""
        highest = np.ones(len(self._total.terms))
        highest[self._is_sum] = self._sums.max(0)
        upper = np.where(np.eye(len(highest), dtype=bool), highest, -highest)
        name = self._total.add.name
        low = self._evaluated(-highest[None], self._total.inner)[name].astype(np.float64)
        high = self._evaluated(upper, self._total.inner)[name].astype(np.float64)
        return (high - low) / np.maximum(2 * highest, 1)[:, None]


def _combinations(values: Sequence[np.ndarray]) -> np.ndarray:
    """``[N, len(values)]``"""
    return np.stack(np.meshgrid(*values, indexing="ij"), -1).reshape(-1, len(values)) if values else np.zeros((1, 0))


def _sums_of(graph: QuantGraph, layer: ops.Conv2D) -> np.ndarray:
    """The sums that a convolution can take."""
    largest = largest_sum(graph, layer)
    return np.arange(-largest, largest + 1, 2 if _has_one_parity(graph, layer) else 1)


def _has_one_parity(graph: QuantGraph, layer: ops.Conv2D) -> bool:
    """Whether all sums are odd, or all are even: each is that of the same number of signs."""
    signs = is_signs(graph, graph[layer.inputs[0]]) and np.abs(layer.kernel.codes).max() == 1
    counts = np.count_nonzero(layer.kernel.codes.reshape(-1, layer.shape[-1]), axis=0)
    return signs and (layer.padding == "valid" or layer.pad_value in (-1, 1)) and not np.ptp(counts % 2)


def _candidates(slopes: np.ndarray, is_sum: np.ndarray) -> Iterator[np.ndarray]:
    """Weights to try, the smallest first; those of one-bit maps are not rounded."""
    if not np.isfinite(slopes).all():
        return
    largest = np.abs(slopes[is_sum]).max(initial=0) or np.abs(slopes).max() or 1.0
    for most in range(1, LARGEST_WEIGHT + 1 if is_sum.any() else 2):
        weights = slopes / largest * most
        yield np.where(is_sum, np.rint(weights), weights)


def _centred(weights: np.ndarray, below: np.ndarray, above: np.ndarray, largest: float) -> Iterator[np.ndarray]:
    """The weight of a single one-bit map from the steps ``[signs]`` without and with it: it brings both together."""
    if len(weights) == 1:
        without, with_it = below + above
        is_finite = np.isfinite([without, with_it]).all()
        yield np.array([(without - with_it) / 4]) if is_finite else np.sign(weights) * (largest + 1)


def _rounded(weights: np.ndarray, largest: float) -> Iterator[np.ndarray]:
    """The weights of one-bit maps as whole numbers, halves, quarters ..."""
    if len(weights) == 1:  # beyond the sums it makes no difference by how much
        weights = np.clip(weights, -largest - 1, largest + 1)
    if np.abs(weights).max(initial=0) > _LARGEST_BIT_WEIGHT:
        return
    for places in range(FINEST_FRACTION + 1 if len(weights) else 1):
        yield np.rint(weights * 2**places) / 2**places

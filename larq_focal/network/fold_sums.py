"""Folding sums of layers and one-bit maps before a binarizer into sums of whole weights with one threshold."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from larq_focal.network import ops
from larq_focal.network.fold import in_a_row, is_by_channel, largest_sum, moves, rewired
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import compute, rescale

MOST_SUMS = 2**24  # combinations of sums times channels that are evaluated
LARGEST_WEIGHT = 15  # of a convolution in a sum
FINEST_FRACTION = 4  # binary places of the weight of a one-bit map
_LARGEST_BIT_WEIGHT = 2.0**18  # so that sums with its fractions are exact in float32
_TABLE_SIZE = 2**22  # sums times channels that are evaluated at once


class NoWholeSum(ValueError):
    """A sum has no exact form of whole weights; the message names it, the reason and the mend."""


def fold_sums(graph: QuantGraph) -> QuantGraph:
    """Turns [convolutions and one-bit maps, normalisations, ``Add``, ..., ``Binarize``] into whole weights and an Add.

    The sign is evaluated, rounding and all, on every combination of the sums and signs that are added, as
    ``fold_thresholds`` does it for one layer. Weights w are then sought such that the sign is a threshold on
    ``w[0] * sum[0] + w[1] * sum[1] + ...``: whole ones for convolutions, the smallest that tell all combinations apart,
    and multiples of 1/16 for one-bit maps. What finds none stays as it is, see ``why_unfolded``.

    Args:
        graph: as ``fold_thresholds`` gives it.

    Returns:
        A network of the same outputs. In folded sums the scale of each convolution is its weight and there is no bias;
        an ``Affine`` with the weight as its scale stands behind one-bit maps of other weights than 1; the threshold
        behind the ``Add`` is per channel, with ``flip`` only where max-pooling stands between.
    """
    for op in [op for op in graph if isinstance(op, ops.Binarize)]:
        try:
            total = _sum_before(graph, op)
            if total is not None:
                graph = _rewritten(graph, total)
        except NoWholeSum:
            continue
    return graph


def why_unfolded(graph: QuantGraph, binarize: ops.Op) -> str | None:
    """Why the sum that ``binarize`` reads has no exact form of whole weights; None where it has, or reads no sum."""
    if not isinstance(binarize, ops.Binarize):
        return None
    try:
        total = _sum_before(graph, binarize)
        if total is not None:
            _Search(graph, total).found()
    except NoWholeSum as error:
        return str(error)
    return None


@dataclasses.dataclass(frozen=True)
class _Sum:
    """A sum before a binarizer.

    ``leaves`` are the convolutions and one-bit maps that are added; ``inner`` leads from them to the value that is
    pooled, or to the sign where nothing is; ``add`` is the last ``Add`` in it. ``pools`` and ``after`` follow.
    """

    leaves: tuple[ops.Op, ...]
    inner: tuple[ops.Op, ...]
    add: ops.Add
    pools: tuple[ops.Pool2D, ...]
    after: tuple[ops.Op, ...]

    @property
    def binarize(self) -> ops.Binarize:
        return self.after[-1]


def _sum_before(graph: QuantGraph, binarize: ops.Binarize) -> _Sum | None:
    """The sum that ``binarize`` reads, behind at most normalisations, activations and max-pooling."""
    steps: list[ops.Op] = [binarize]
    op = graph[binarize.inputs[0]]
    while isinstance(op, ops.Affine | ops.Activation) or (isinstance(op, ops.Pool2D) and moves(op)):
        steps.insert(0, op)
        op = graph[op.inputs[0]]
    if not isinstance(op, ops.Add):
        return None
    if len(steps) == 1 and all(_is_signs(graph, graph[name]) for name in op.inputs):
        return None  # it has its form already
    for step in (op, *steps[:-1]):
        if not _is_used_once(graph, step):
            raise NoWholeSum(f"'{step.name}' is used as it is beside its sign: let its sign alone go on.")
    positions = [index for index, step in enumerate(steps) if isinstance(step, ops.Pool2D)]
    first, behind = (positions[0], positions[-1] + 1) if positions else (len(steps) - 1, len(steps) - 1)
    if behind - first != len(positions):
        raise NoWholeSum(f"'{binarize.name}' follows poolings with other operations between: pool the signs instead.")
    leaves, inner = _expanded(graph, op)
    total = _Sum(leaves, (*inner, *steps[:first]), op, tuple(steps[first:behind]), tuple(steps[behind:]))
    if not is_by_channel([*total.inner, *total.after]):
        raise NoWholeSum(f"'{op.name}' is normalised or compared at each pixel in another way: take one per channel.")
    return total


def _expanded(graph: QuantGraph, add: ops.Add) -> tuple[tuple[ops.Op, ...], list[ops.Op]]:
    """What is added in the end, and the operations from there to ``add``, inputs first."""
    leaves: dict[str, ops.Op] = {}
    inner: dict[str, ops.Op] = {}

    def expand(op: ops.Op) -> None:
        if op.name in leaves or op.name in inner:
            return
        if op.shape != add.shape:
            raise NoWholeSum(f"'{add.name}' adds '{op.name}' {op.shape} in {add.shape}: make them of one shape.")
        if _is_signs(graph, op):
            leaves[op.name] = op
        elif not _is_used_once(graph, op):
            raise NoWholeSum(f"'{add.name}' adds '{op.name}', which is used elsewhere too: let its sign alone go on.")
        elif isinstance(op, ops.Conv2D) and largest_sum(graph, op) is not None:
            leaves[op.name] = op
        elif isinstance(op, ops.Add | ops.Affine | ops.Activation):
            for name in op.inputs:
                expand(graph[name])
            inner[op.name] = op
        else:
            raise NoWholeSum(f"'{add.name}' adds '{op.name}' of {graph.bits(op.name)} bits: binarize it first.")

    expand(add)
    return tuple(leaves.values()), list(inner.values())


def _is_used_once(graph: QuantGraph, op: ops.Op) -> bool:
    return op.name not in graph.outputs and len(graph.consumers(op.name)) == 1


def _is_signs(graph: QuantGraph, op: ops.Op) -> bool:
    """Whether all values are -1 or +1 however they came about."""
    if isinstance(op, ops.Binarize):
        return True
    if isinstance(op, ops.Quantize):
        return np.array_equal(op.levels, [-1, 1])
    if isinstance(op, ops.Multiply | ops.Concat) or moves(op):
        return all(_is_signs(graph, graph[name]) for name in op.inputs)
    return False


@dataclasses.dataclass(frozen=True)
class _Weighted:
    """Weights ``[leaves, C]``; the sign is +1 from ``threshold`` on, or up to it where it ``falls``."""

    weights: np.ndarray
    threshold: np.ndarray
    falls: np.ndarray


class _Search:
    """Weights and thresholds by an evaluation of all sums."""

    def __init__(self, graph: QuantGraph, total: _Sum):
        self._total = total
        self._channels = total.add.shape[-1]
        self._is_sums = np.array([isinstance(leaf, ops.Conv2D) for leaf in total.leaves])
        values = [_values(graph, leaf) for leaf in total.leaves]
        self._size = int(np.prod([len(row) for row in values], dtype=np.float64))
        if self._size * self._channels > MOST_SUMS:
            raise NoWholeSum(
                f"'{total.add.name}' has {self._size:,} combinations of sums, too many to try: binarize each first."
            )
        self._grid = np.stack([axis.ravel() for axis in np.meshgrid(*values, indexing="ij")]).astype(np.float32)

    def found(self) -> _Weighted:
        """
        Raises:
            NoWholeSum: a channel has no such weights, or the sign has more than one step.
        """
        signs, falls = self._signs()
        slopes = self._slopes()
        weights = np.zeros(slopes.shape)
        thresholds = np.zeros(self._channels)
        for channel in range(self._channels):
            for candidate in _candidates(slopes[:, channel], self._is_sums):
                found = _thresholded(self._grid, self._is_sums, candidate, signs[:, channel], bool(falls[channel]))
                if found:
                    weights[:, channel], thresholds[channel] = found
                    break
            else:
                raise NoWholeSum(self._reason(channel, slopes[:, channel]))
        return _Weighted(weights.astype(np.float32), thresholds.astype(np.float32), falls)

    def _reason(self, channel: int, slopes: np.ndarray) -> str:
        names = " and ".join(f"'{leaf.name}'" for leaf in self._total.leaves)
        ratio = " : ".join(f"{slope:.4g}" for slope in slopes)
        return (
            f"'{self._total.add.name}' adds {names} at {ratio} in channel {channel}, which no whole weights up to "
            f"{LARGEST_WEIGHT} stand for: give the convolutions one scale, with the normalisation behind the sum, or "
            "binarize each before it."
        )

    @np.errstate(over="ignore", invalid="ignore")
    def _evaluated(self, grid: np.ndarray, steps: Sequence[ops.Op]) -> dict[str, np.ndarray]:
        """Values ``[sums, C]`` of ``steps`` on the sums ``[leaves, sums]``."""
        values: dict[str, np.ndarray] = {}
        for leaf, row in zip(self._total.leaves, grid, strict=True):
            value = np.repeat(row[:, None], self._channels, 1)
            values[leaf.name] = rescale(leaf, value) if isinstance(leaf, ops.Linear) else value
        for op in steps:
            values[op.name] = compute(op, *(values[name] for name in op.inputs))
        return values

    def _signs(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether the sign of each combination is +1, ``[sums, C]``, and where it falls with a value that is pooled."""
        total = self._total
        signs = np.empty((self._size, self._channels), bool)
        lowest, highest = (np.full((2, self._channels), bound) for bound in (np.inf, -np.inf))  # by sign
        rows = max(1, _TABLE_SIZE // self._channels)
        for start in range(0, self._size, rows):
            values = self._evaluated(self._grid[:, start : start + rows], total.inner)
            value = sign = values[total.inner[-1].name]
            for op in total.after:
                sign = compute(op, sign)
            here = signs[start : start + rows] = sign > 0
            for index, chosen in enumerate((~here, here)):
                lowest[index] = np.minimum(lowest[index], np.where(chosen, value, np.inf).min(0))
                highest[index] = np.maximum(highest[index], np.where(chosen, value, -np.inf).max(0))
        rises, falls = lowest[1] > highest[0], lowest[0] > highest[1]
        if not (rises | falls).all():
            raise NoWholeSum(f"'{total.binarize.name}' changes its sign more than once with '{total.add.name}'.")
        return signs, falls & ~rises & bool(total.pools)

    def _slopes(self) -> np.ndarray:
        """By how much the sum grows with each leaf, ``[leaves, C]``."""
        ends = np.stack([self._grid.min(1), self._grid.max(1)])  # [2, leaves]
        leaves = len(self._total.leaves)
        lower, upper = np.repeat(ends[:1], leaves, 0), np.repeat(ends[:1], leaves, 0)
        np.fill_diagonal(upper, ends[1])
        name = self._total.add.name
        low, high = (self._evaluated(points.T, self._total.inner)[name].astype(np.float64) for points in (lower, upper))
        return (high - low) / np.maximum(ends[1] - ends[0], 1)[:, None]


def _values(graph: QuantGraph, leaf: ops.Op) -> np.ndarray:
    """The sums that a convolution can take, or both signs."""
    if not isinstance(leaf, ops.Conv2D):
        return np.array([-1, 1])
    largest = largest_sum(graph, leaf)
    return np.arange(-largest, largest + 1, 2 if _has_one_parity(graph, leaf) else 1)


def _has_one_parity(graph: QuantGraph, layer: ops.Conv2D) -> bool:
    """Whether all sums are odd, or all are even: each is that of the same number of signs."""
    signs = _is_signs(graph, graph[layer.inputs[0]]) and np.abs(layer.kernel.codes).max() == 1
    counts = np.count_nonzero(layer.kernel.codes.reshape(-1, layer.shape[-1]), axis=0)
    return signs and (layer.padding == "valid" or layer.pad_value in (-1, 1)) and not np.ptp(counts % 2)


def _candidates(slopes: np.ndarray, is_sums: np.ndarray) -> Iterator[np.ndarray]:
    """Weights to try, the smallest first; those of one-bit maps are not rounded."""
    if not np.isfinite(slopes).all():
        return
    largest = np.abs(slopes[is_sums]).max(initial=0.0) or np.abs(slopes).max() or 1.0
    for most in range(1, LARGEST_WEIGHT + 1):
        weights = slopes / largest * most
        yield np.where(is_sums, np.rint(weights), weights)
        if not is_sums.any():
            return


def _thresholded(
    grid: np.ndarray, is_sums: np.ndarray, weights: np.ndarray, signs: np.ndarray, falls: bool
) -> tuple[np.ndarray, float] | None:
    """Weights ``[leaves]`` with those of one-bit maps rounded, and the threshold; None where no threshold tells signs.

    Args:
        grid: every combination of sums and signs, ``[leaves, sums]``.
        is_sums: which leaves are sums.
        weights: to be tried, in either direction.
        signs: whether each combination shall be +1, ``[sums]``.
        falls: whether the sign shall be +1 up to the threshold instead of from it on.
    """
    if signs.all() or not signs.any():
        return np.zeros(len(weights)), -np.inf if signs[0] else np.inf
    rising = signs != falls
    base = weights[is_sums] @ grid[is_sums]
    for direction in (1, -1):
        limits = dict(_limits(direction * base, grid[~is_sums], rising))
        if any(below >= above for below, above in limits.values()):
            continue
        for bits in _rounded(direction * weights[~is_sums], np.abs(base).max()):
            below = max(limit[0] + np.dot(bits, here) for here, limit in limits.items())
            above = min(limit[1] + np.dot(bits, here) for here, limit in limits.items())
            if below < above:
                result = direction * weights
                result[~is_sums] = bits
                return result, below if falls else above
    return None


def _limits(
    base: np.ndarray, signs: np.ndarray, rising: np.ndarray
) -> Iterator[tuple[tuple[float, ...], tuple[float, float]]]:
    """For every combination of the one-bit maps' ``signs``: the largest sum below the step, and the least beyond."""
    for here in product((-1.0, 1.0), repeat=len(signs)):
        chosen = (signs == np.array(here)[:, None]).all(0)
        below, above = base[chosen & ~rising], base[chosen & rising]
        yield here, (below.max(initial=-np.inf), above.min(initial=np.inf))


def _rounded(weights: np.ndarray, largest: float) -> Iterator[np.ndarray]:
    """The weights of one-bit maps as whole numbers, halves, quarters ..."""
    if len(weights) == 1:  # beyond the sums it makes no difference by how much
        weights = np.clip(weights, -largest - 1, largest + 1)
    if np.abs(weights).max(initial=0) > _LARGEST_BIT_WEIGHT:
        return
    for places in range(FINEST_FRACTION + 1):
        yield np.rint(weights * 2**places) / 2**places
        if not len(weights):
            return


def _rewritten(graph: QuantGraph, total: _Sum) -> QuantGraph:
    """The network with ``total`` in whole weights."""
    found = _Search(graph, total).found()
    zero = np.zeros(total.add.shape[-1], np.float32)
    layers: dict[str, ops.Op] = {}
    row: list[ops.Op] = []
    names = []
    for leaf, weights in zip(total.leaves, found.weights, strict=True):
        if isinstance(leaf, ops.Linear):
            kernel = dataclasses.replace(leaf.kernel, scale=weights)
            layers[leaf.name] = dataclasses.replace(leaf, kernel=kernel, bias=None)
        elif (weights != 1).any():
            name = f"{total.add.name}/{leaf.name}"
            row.append(
                ops.Affine(name=name, inputs=(leaf.name,), shape=leaf.shape, mean=zero, scale=weights, bias=zero)
            )
        names.append(row[-1].name if row and row[-1].inputs == (leaf.name,) else leaf.name)
    add = dataclasses.replace(total.add, inputs=tuple(names))
    flip = found.falls if found.falls.any() else None
    sign = dataclasses.replace(total.binarize, threshold=found.threshold, flip=flip)
    row += [add, *in_a_row(add, [sign, *total.pools] if flip is None else [*total.pools, sign])]
    gone = {op.name for op in (*total.inner, *total.pools, *total.after[:-1])}
    renamed = {sign.name: row[-1].name}
    result: list[ops.Op] = []
    for op in graph:
        if op.name == sign.name:
            result += row
        elif op.name not in gone:
            result.append(rewired(layers.get(op.name, op), renamed))
    return graph.rewritten(result, [renamed.get(name, name) for name in graph.outputs])

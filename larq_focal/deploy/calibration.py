"""Grids of 8-bit integers for the values of a network, from samples like those that it will see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from larq_focal.deploy.converters import DEFAULT_CALIBRATION, FIXED_POINT
from larq_focal.deploy.runtime import Runtime
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.int8 import Grid
from larq_focal.network.level_grids import grid_of_levels
from larq_focal.network.passes.integer_rest import IntegerRest
from larq_focal.network.tflite import write_lowered

_KEPT = 2**15
"""Numbers of each value that are kept to choose its grid by, drawn evenly from all samples."""
_CLIPS = np.linspace(1.0, 0.3, 36)
"""Parts of the whole range that are tried."""
_PERCENTILE = 99.99
_FEW_LEVELS = 64
_OCTAVES = 3
"""Of the range in fixed point, that may be cut off at most."""
_BYTES = Grid(1.0, -128)
"""Of pixels from 0 to 255."""


@dataclass(frozen=True)
class Seen:
    """What a value was: its smallest and largest number, and some of its numbers."""

    low: float
    high: float
    numbers: np.ndarray

    def with_others(self, others: Sequence[Seen]) -> Seen:
        every = [self, *others]
        return Seen(
            min(seen.low for seen in every),
            max(seen.high for seen in every),
            np.concatenate([seen.numbers for seen in every]),
        )


def whole_range(seen: Seen) -> Grid:
    """From the smallest number to the largest."""
    return Grid.over(seen.low, seen.high)


def most_of_the_range(seen: Seen) -> Grid:
    """All but the ten-thousandth of the numbers at either end."""
    return Grid.over(*np.percentile(seen.numbers, (100 - _PERCENTILE, _PERCENTILE)))


def least_squares(seen: Seen) -> Grid:
    """The range, some of which may be cut off at both ends, whose rounding and cutting off cost least in squares."""
    grids = [Grid.over(seen.low * part, seen.high * part) for part in _CLIPS]
    errors = [np.square(rounded(seen.numbers, grid) - seen.numbers).mean(dtype=np.float64) for grid in grids]
    return grids[int(np.argmin(errors))]


def fixed_point(seen: Seen) -> Grid:
    """The step that is a power of two and whose rounding and cutting off cost least in squares.

    The integer of 0 is 0, or the lowest one where no number is below 0.
    """
    zero_point = 0 if seen.low < 0 else -128
    largest = max(abs(seen.low), abs(seen.high), float(np.finfo(np.float32).tiny))
    whole = int(np.ceil(np.log2(largest / (127 - zero_point))))
    grids = [Grid(float(2.0**exponent), zero_point) for exponent in range(whole - _OCTAVES, whole + 1)]
    errors = [np.square(rounded(seen.numbers, grid) - seen.numbers).mean(dtype=np.float64) for grid in grids]
    return grids[int(np.argmin(errors))]


METHODS: Mapping[str, Callable[[Seen], Grid]] = {
    "range": whole_range,
    "percentile": most_of_the_range,
    "least squares": least_squares,
    FIXED_POINT: fixed_point,
}


def rounded(numbers: np.ndarray, grid: Grid) -> np.ndarray:
    """The nearest numbers on a grid."""
    codes = np.clip(np.rint(numbers / grid.scale) + grid.zero_point, -128, 127)
    return (codes - grid.zero_point) * np.float32(grid.scale)


def calibrate(
    graph: QuantGraph,
    rest: IntegerRest,
    samples: Mapping[str, np.ndarray],
    *,
    method: str = DEFAULT_CALIBRATION,
    seed: int = 0,
) -> dict[str, Grid]:
    """A grid for each group of values of ``rest``.

    Values of few evenly spaced levels, and bytes, get the grid of these, but for levels in fixed point. All others get
    one by ``method``.

    Args:
        graph: lowered, what ``rest`` was found in.
        rest: which values are rounded.
        samples: arrays ``[N, *shape]`` by input name.
        method: one of ``METHODS``.
        seed: of the choice of numbers that are looked at.
    """
    bytes_fed = {op.name for op in graph.inputs if op.takes_bytes}
    members: dict[str, list[str]] = {}
    for name, group in rest.rounded.items():
        members.setdefault(group, []).append(name)
    seen = _seen(graph, list(rest.rounded), samples, seed)
    grids = {}
    for group, names in members.items():
        if bytes_fed & set(names) and len(names) == 1:
            grids[group] = _BYTES
            continue
        first, *others = (seen[name] for name in names)
        whole = first.with_others([*others, *(_number(value) for value in rest.numbers.get(group, ()))])
        levels = None if method == FIXED_POINT else _levels(whole)
        grids[group] = levels or METHODS[method](whole)
    return grids


def _number(value: float) -> Seen:
    return Seen(value, value, np.full(1, value, np.float32))


def _levels(seen: Seen) -> Grid | None:
    """The grid of a value of few evenly spaced levels, one of which is 0 or would be."""
    levels = np.unique(np.append(seen.numbers, np.float32([0, seen.low, seen.high])))
    return grid_of_levels(levels) if len(levels) <= _FEW_LEVELS else None


def _seen(graph: QuantGraph, names: list[str], samples: Mapping[str, np.ndarray], seed: int) -> dict[str, Seen]:
    """Runs the network and looks at values on the way, sample by sample: all of them at once may not fit in memory."""
    random, count = np.random.default_rng(seed), len(next(iter(samples.values())))
    given = [name for name in names if isinstance(graph[name], ops.Input)]
    computed = [name for name in names if name not in given]
    kept: dict[str, list[np.ndarray]] = {name: [] for name in names}
    ends: dict[str, tuple[float, float]] = dict.fromkeys(names, (np.inf, -np.inf))
    runtime = Runtime(write_lowered(graph.rewritten(graph.ops, computed))) if computed else None
    share = max(1, _KEPT // count)
    for index in range(count):
        sample = {name: array[index : index + 1] for name, array in samples.items()}
        values = {name: sample[name] for name in given}
        if runtime is not None:
            values |= zip(computed, runtime.outputs(sample), strict=True)
        for name, value in values.items():
            numbers = np.ravel(value).astype(np.float32)
            low, high = ends[name]
            ends[name] = min(low, float(numbers.min())), max(high, float(numbers.max()))
            kept[name].append(numbers if numbers.size <= share else random.choice(numbers, share))
    return {name: Seen(*ends[name], np.concatenate(kept[name])) for name in names}

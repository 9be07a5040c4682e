"""8-bit integers that stand exactly for the levels of a quantizer."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.int8 import Grid, moved_grid

MOST_LEVELS = 256
_TOLERANCE = 8 * np.finfo(np.float32).eps


def grid_of_levels(levels: np.ndarray) -> Grid | None:
    """The grid of 8-bit integers that holds some numbers and 0, up to a few units in the last place; None without one.

    Args:
        levels: float32 ``[k]``, in any order.
    """
    numbers = np.unique(np.append(np.asarray(levels, np.float64), 0.0))
    if not 1 < len(numbers) <= MOST_LEVELS + 1 or not np.isfinite(numbers).all():
        return None
    largest = np.abs(numbers).max()
    codes = np.rint(numbers / np.diff(numbers).min())
    scale = np.float32(largest / np.abs(codes).max())
    if np.abs(codes * np.float64(scale) - numbers).max() > _TOLERANCE * largest or np.ptp(codes) > 255:
        return None
    return Grid(float(scale), 0 if np.abs(codes).max() <= 127.5 else int(-128 - codes.min()))


def level_grid(graph: QuantGraph, name: str) -> ops.UniformQuantize | None:
    """The grid of a value of few levels, or of one that moves such a value; None where there is none."""
    op = graph[name]
    if isinstance(op, ops.UniformQuantize):
        return op if op.signed and op.bits == 8 else None
    if isinstance(op, ops.Quantize):
        grid = grid_of_levels(op.levels)
        place = {"name": op.name, "inputs": op.inputs, "shape": op.shape, "origin": op.origin}
        return None if grid is None else ops.UniformQuantize(**place, scale=grid.scale, zero_point=grid.zero_point)
    grids = {source: level_grid(graph, source) for source in op.inputs} if op.moves_elements else {}
    return moved_grid(op, {source: grid for source, grid in grids.items() if grid is not None})


def level_codes(levels: np.ndarray, grid: ops.UniformQuantize | Grid) -> np.ndarray:
    """The integers, as float64, that stand for levels of a grid."""
    return np.clip(np.rint(levels / np.float64(grid.scale)) + grid.zero_point, -128, 127)

"""How far a value must lie behind the one that is computed from it, so that nothing is read after it was overwritten.

Each function reads its sources and writes its result in the order of rows, columns and channels. So a result may be
written over a source that nobody needs any more, as long as writing never gets ahead of reading.
"""

from __future__ import annotations

import numpy as np

from larq_focal.mcu.emit.function import Function, Value
from larq_focal.mcu.emit.layer import Geometry, layer_of
from larq_focal.mcu.emit.pools import pool_geometry
from larq_focal.mcu.storage import BITS, Storage
from larq_focal.network import ops


def words_behind(function: Function, number: int) -> int | None:
    """Words by which a source must begin behind the result at least (ahead of it where negative).

    None where the two must not overlap.
    """
    op, source, target = function.step.op, function.source(number), function.target
    if function.sources.count(source) > 1:
        return None
    if isinstance(op, ops.Linear):
        layer = layer_of(op, source.shape, source.storage, source.whole, function.step.padding)
        reads = _first_reads(layer.geometry)
        if (pool := function.step.pool) is not None:
            (height, width, _), (rows, columns) = pool.shape, pool.size
            image = reads.reshape(layer.geometry.out_height, layer.geometry.out_width)
            reads = image[::rows, ::columns][:height, :width].reshape(-1)
        rereads = layer.is_direct or pool is not None
        return _behind(reads, layer.filters, source, target, rereads=rereads)
    if isinstance(op, ops.Pool2D | ops.GlobalPool):
        geometry = pool_geometry(op, source.shape)
        return _behind(_first_reads(geometry), geometry.channels, source, target, rereads=True)
    if isinstance(op, ops.Concat | ops.Pad | ops.Slice) or source.shape != op.shape:
        return None
    return _behind(np.arange(target.elements), 1, source, target, rereads=False)


def _first_reads(g: Geometry) -> np.ndarray:
    """The first element of the image that is read for each pixel of the result."""
    rows = np.clip(np.arange(g.out_height) * g.strides[0] - g.above, 0, g.height - 1)
    columns = np.clip(np.arange(g.out_width) * g.strides[1] - g.left, 0, g.width - 1)
    return ((rows[:, None] * g.width + columns) * g.channels).reshape(-1)


def _behind(first_reads: np.ndarray, each: int, source: Value, target: Value, *, rereads: bool) -> int:
    """From the first element that is read for each pixel of the result.

    Args:
        first_reads: their numbers.
        each: elements of the result that are written for a pixel.
        rereads: whether a pixel of the result is written while its window is still being read.
    """
    read = np.minimum.accumulate(first_reads[::-1])[::-1]  # from each pixel on
    if not rereads:
        read = read[1:]
    written = _words_up((np.arange(len(read)) + 1) * each, target.storage)
    return int((written - _words_down(read, source.storage)).max(initial=-target.elements))


def _words_up(elements: np.ndarray, storage: Storage) -> np.ndarray:
    return -(-elements * BITS[storage] // 32)


def _words_down(elements: np.ndarray, storage: Storage) -> np.ndarray:
    return elements * BITS[storage] // 32

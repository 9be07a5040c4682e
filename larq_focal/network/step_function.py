"""Finds the steps of an element-wise function, so that a chain of roundings, clips and signs is one quantizer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Steps = tuple[np.ndarray, np.ndarray]
"""Levels and boundaries of a step function, as ``find_steps`` returns them."""

_LARGEST = 0x7F7FFFFF  # bits of the largest finite float32


def find_steps(function: Callable[[np.ndarray], np.ndarray], max_levels: int = 256) -> Steps | None:
    """Levels and boundaries of a step function, by bisection over all finite float32 numbers.

    Args:
        function: maps float32 ``[n]`` to ``[n]`` element by element and never decreases.
        max_levels: gives up at more levels than these.

    Returns:
        ``levels`` (ascending, float32 ``[k]``) and ``boundaries`` (the smallest number that reaches each level
        but the first, float32 ``[k - 1]``), as ``ops.Quantize`` takes them; or None where ``function`` takes more
        than ``max_levels`` values, or decreases after all.
    """
    keys = np.array([-_LARGEST, _LARGEST])
    values = _evaluate(function, keys)
    while True:
        changes = np.flatnonzero(values[1:] != values[:-1])
        if len(changes) >= max_levels or not np.all(values[1:] >= values[:-1]):
            return None
        wide = changes[keys[changes + 1] - keys[changes] > 1]
        if not len(wide):
            return values[np.concatenate([changes, [-1]])], floats_of_rank(keys[changes + 1])
        middles = (keys[wide] + keys[wide + 1]) // 2
        values = np.insert(values, wide + 1, _evaluate(function, middles))
        keys = np.insert(keys, wide + 1, middles)


def _evaluate(function: Callable[[np.ndarray], np.ndarray], keys: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):  # the largest floats may overflow on the way
        return np.asarray(function(floats_of_rank(keys)), np.float32)


def floats_of_rank(keys: np.ndarray) -> np.ndarray:
    """float32 by rank: key 0 is 0.0, key 1 the smallest number above it, key -1 the largest below."""
    magnitude = np.abs(keys).astype(np.int32).view(np.float32)
    return np.where(keys < 0, -magnitude, magnitude)


def largest_rank() -> int:
    """The rank of the largest finite float32."""
    return _LARGEST

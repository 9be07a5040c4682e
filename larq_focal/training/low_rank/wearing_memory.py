"""Weights in a memory whose cells wear: codes of a few bits, and how often each was written."""

from __future__ import annotations

import numpy as np


class WearingMemory:
    """Weights ``[rows, columns]`` as codes of even steps from ``-limit`` to below ``limit``, and a count of writes.

    A cell is written where its code changes; others stay as they are.

    Args:
        weights: What is stored first, which counts as no write.
        limit: The largest magnitude of a weight.
        bits: Of a code, from 1 to 16.

    Raises:
        ValueError: Other bits, or a limit that is not positive.
    """

    def __init__(self, weights: np.ndarray, limit: float, bits: int = 8):
        if not 1 <= bits <= 16 or not limit > 0:
            raise ValueError(f"WearingMemory: bits are from 1 to 16 and the limit above 0, not {bits} and {limit}.")
        self.limit, self.bits = float(limit), bits
        self.step = np.float32(2 * limit / 2**bits)
        self.weights = self._stored(np.asarray(weights, np.float32))
        self.writes = np.zeros(self.weights.shape, np.int32)

    def density(self, update: np.ndarray) -> float:
        """The share of the cells that ``add(update)`` would write."""
        return float(np.mean(self._changes(update)))

    def add(self, update: np.ndarray) -> int:
        """Adds ``update`` to the weights, rounds them to the nearest codes, and returns how many cells were written."""
        changed = self._changes(update)
        self.weights = np.where(changed, self._stored(self.weights + update), self.weights)
        self.writes += changed
        return int(changed.sum())

    def drift(self, change: np.ndarray) -> None:
        """Changes the stored weights without a write, as a memory does by itself; they leave the grid of codes."""
        self.weights = np.clip(self.weights + change, -self.limit, self.limit - self.step).astype(np.float32)

    def _changes(self, update: np.ndarray) -> np.ndarray:
        return self._codes(self.weights + update) != self._codes(self.weights)

    def _codes(self, weights: np.ndarray) -> np.ndarray:
        most = 2 ** (self.bits - 1)
        return np.clip(np.rint(weights / self.step), -most, most - 1)

    def _stored(self, weights: np.ndarray) -> np.ndarray:
        return (self._codes(weights) * self.step).astype(np.float32)

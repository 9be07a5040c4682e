"""The tables of ``lqf_filter_lanes``: 16 filters side by side."""

from __future__ import annotations

import numpy as np

_LANES = 16


def lane_tables(weights: np.ndarray, limits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights and limits of a binary layer in whole blocks of filters.

    Args:
        weights: the words of each filter, ``[filters, words]``.
        limits: of each filter, ``[filters]``.

    Returns:
        The weights, uint32 ``[blocks, words, 16]``, and the limits, ``[blocks, 16]``.
    """
    filters, words = weights.shape
    blocks = -(-filters // _LANES)
    padded = np.zeros((blocks * _LANES, words), weights.dtype)
    padded[:filters] = weights
    limit = np.zeros(blocks * _LANES, limits.dtype)
    limit[:filters] = limits
    return padded.reshape(blocks, _LANES, words).transpose(0, 2, 1), limit.reshape(blocks, _LANES)

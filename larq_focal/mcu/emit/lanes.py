"""Tables of signs in lanes: several filters side by side."""

from __future__ import annotations

import numpy as np


def in_lanes(rows: np.ndarray, lanes: int) -> np.ndarray:
    """Words of each filter in whole blocks of filters.

    Args:
        rows: ``[filters, words]``.
        lanes: filters of a block.

    Returns:
        ``[blocks, words, lanes]``; 0 for filters that fill the last block.
    """
    blocks = -(-len(rows) // lanes)
    padded = np.zeros((blocks * lanes, rows.shape[1]), rows.dtype)
    padded[: len(rows)] = rows
    return padded.reshape(blocks, lanes, -1).transpose(0, 2, 1)

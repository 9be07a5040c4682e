"""The tables of ``lqf_filter_planes``: 32 filters in the bits of a word."""

from __future__ import annotations

import numpy as np

_LEAST_PLANES = 6
"""The kernel counts 32 inputs in its first six."""


def plane_tables(is_negative: np.ndarray, least: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights and starting planes of a binary layer.

    Args:
        is_negative: whether a weight is -1, ``[filters, inputs]``.
        least: for each filter, how many bits must differ for the sign -1: 0 to inputs + 1.

    Returns:
        The weights, uint64 ``[blocks, inputs in whole words / 2]``, and the starts, uint32 ``[blocks, planes]``.
    """
    filters, inputs = is_negative.shape
    blocks, words = -(-filters // 32), -(-inputs // 32)
    padded = np.zeros((blocks * 32, words * 32), bool)
    padded[:filters, :inputs] = is_negative
    planes = max(inputs.bit_length() + 1, _LEAST_PLANES)
    start = np.zeros(blocks * 32, np.int64)
    start[:filters] = 2 ** (planes - 1) - least
    starts = _in_lanes((start[:, None] >> np.arange(planes)) & 1, blocks)
    parities = np.bitwise_xor.accumulate(np.concatenate([starts[:, :1], _in_lanes(padded, blocks)], axis=1), axis=1)
    low, high = parities[:, 1::2].astype(np.uint64), parities[:, 2::2].astype(np.uint64)
    return low | high << np.uint64(32), starts


def _in_lanes(bits: np.ndarray, blocks: int) -> np.ndarray:
    """Bits ``[32 * blocks, n]`` as words uint32 ``[blocks, n]``; bit f is that of filter f of the block."""
    lanes = bits.reshape(blocks, 32, -1).astype(np.uint64) << np.arange(32, dtype=np.uint64)[:, None]
    return lanes.sum(axis=1, dtype=np.uint64).astype(np.uint32)

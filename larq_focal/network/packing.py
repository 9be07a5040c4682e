"""Bit planes in 32-bit words, in the layout of Larq Compute Engine.

Channel ``c`` of the last axis is bit ``c % 32`` (least significant first) of word ``c // 32``; a set bit
means -1 and a clear bit +1; the bits after the last channel are clear. Source: larq/compute-engine,
``core/bitpacking/bitpack.h``.
"""

from __future__ import annotations

import numpy as np

WORD_BITS = 32


def words_for(channels: int) -> int:
    """Number of 32-bit words that hold ``channels`` bits."""
    return -(-channels // WORD_BITS)


def pack_bits(signs: np.ndarray) -> np.ndarray:
    """Packs an array ``[..., C]`` of +1 and -1 (any sign counts; 0 is +1) into int32 ``[..., ceil(C / 32)]``."""
    signs = np.asarray(signs)
    channels = signs.shape[-1]
    padded = np.zeros((*signs.shape[:-1], words_for(channels) * WORD_BITS), np.uint8)
    padded[..., :channels] = signs < 0
    return np.packbits(padded, axis=-1, bitorder="little").view("<u4").view(np.int32)


def unpack_bits(words: np.ndarray, channels: int) -> np.ndarray:
    """Unpacks int32 ``[..., W]`` into int8 ``[..., channels]`` of +1 and -1.

    Raises:
        ValueError: ``words`` does not have the number of words that ``channels`` needs.
    """
    words = np.ascontiguousarray(words)
    if words.dtype.itemsize != 4 or words.shape[-1] != words_for(channels):
        raise ValueError(
            f"{channels} channels need {words_for(channels)} words of 32 bits on the last axis, "
            f"but the array is {words.dtype}{list(words.shape)}."
        )
    bits = np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little")[..., :channels]
    return (1 - 2 * bits.astype(np.int8)).astype(np.int8)


def popcount_dot(a: np.ndarray, b: np.ndarray, channels: int) -> np.ndarray:
    """Dot product over the last axis of two packed arrays: ``channels - 2 * popcount(a xor b)``, int32."""
    differing = np.bitwise_xor(a, b)
    bits = np.unpackbits(np.ascontiguousarray(differing).view(np.uint8), axis=-1)
    return channels - 2 * bits.sum(-1, dtype=np.int32)

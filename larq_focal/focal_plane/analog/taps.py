"""Convolution kernels as weights by offset."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

Offset = tuple[int, int]
Taps = dict[Offset, Fraction]

STEPS: dict[str, Offset] = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1)}


class KernelError(ValueError):
    """A kernel that cannot be compiled; the message names it, the fault and the fix."""


def taps_of(kernel: np.ndarray) -> Taps:
    """The weights of ``kernel`` ``[rows, columns]`` that are not 0, by their offset ``(row, column)`` from the centre.

    A pixel's result is the sum of each weight times the pixel at that offset, as in Keras; of an even size the centre
    is the pixel before the middle, as with Keras' "same" padding.
    """
    kernel = np.asarray(kernel)
    top, left = ((size - 1) // 2 for size in kernel.shape)
    return {(int(r) - top, int(c) - left): Fraction(float(kernel[r, c])) for r, c in np.argwhere(kernel)}


def moved_offset(offset: Offset, direction: str) -> Offset:
    """Where a tap at ``offset`` of a pixel's neighbour in ``direction`` stands from the pixel."""
    rows, columns = STEPS[direction]
    return offset[0] + rows, offset[1] + columns

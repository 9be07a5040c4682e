"""Numbers that an operation keeps in memory for inference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from larq_focal.network.kernel import FLOAT_BITS, Kernel


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers that are stored side by side.

    Attributes:
        array: what holds them; operations that share it store it once.
        count: how many numbers there are.
        bits: the width of each.
        is_kernel: whether they are the weights of a kernel.
        is_extra: whether they are there for the sake of few bits only: scales and flips, which float32 does without.
    """

    array: np.ndarray
    count: int
    bits: int = FLOAT_BITS
    is_kernel: bool = False
    is_extra: bool = False

    @classmethod
    def all_of(cls, array: np.ndarray, bits: int = FLOAT_BITS, is_extra: bool = False) -> Numbers:
        """All elements of ``array``."""
        return cls(array, int(np.size(array)), bits, is_extra=is_extra)


def numbers_of_kernel(kernel: Kernel) -> Iterator[Numbers]:
    """The weights, and the scales that have to be stored."""
    yield Numbers(kernel.codes, kernel.size, kernel.bits, is_kernel=True)
    if kernel.stored_scales:
        yield Numbers(kernel.scale, kernel.stored_scales, is_extra=True)

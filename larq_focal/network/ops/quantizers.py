"""Operations that leave values of few bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.network.ops.elementwise import Elementwise
from larq_focal.network.ops.numbers import Numbers


class Quantizer(Elementwise):
    """What quantizers share: each element rises in steps with that of the input (or falls, if it is flipped)."""

    works_in_place = True
    is_monotonic = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Binarize(Quantizer):
    """+1 where ``x >= threshold``, else -1; in a flipped channel +1 where ``x <= threshold``, else -1.

    ``threshold`` broadcasts against the value: a scalar that belongs to the operation, or stored numbers ``[C]`` or
    ``[H, W, C]``; infinite thresholds give a constant sign. ``flip`` is boolean ``[C]``, or None for no flipped
    channel.
    """

    threshold: np.ndarray
    flip: np.ndarray | None = None

    @property
    def constant_axes(self):
        return max(np.ndim(self.threshold), np.ndim(self.flip))

    def numbers(self):
        thresholds = (Numbers.all_of(self.threshold),) if np.ndim(self.threshold) else ()
        return thresholds if self.flip is None else (*thresholds, Numbers.all_of(self.flip, bits=1, is_extra=True))

    def steps_per_element(self, input_shapes):
        return {"compare": 1}

    def value_bits(self, input_bits):
        return 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantize(Quantizer):
    """An element-wise step function: ``levels[number of boundaries <= x]``.

    ``levels`` is ascending, float32 ``[k]``; ``boundaries`` is ascending, float32 ``[k - 1]``.
    """

    levels: np.ndarray
    boundaries: np.ndarray

    constant_axes = 0

    def __post_init__(self):
        if self.levels.ndim != 1 or self.boundaries.shape != (len(self.levels) - 1,):
            raise ValueError(
                f"'{self.name}' steps over boundaries of the shape {list(self.boundaries.shape)} between levels of the "
                f"shape {list(self.levels.shape)}: between k levels there are k - 1."
            )

    def numbers(self):
        return ()

    def steps_per_element(self, input_shapes):
        return {"compare": len(self.boundaries)}

    def value_bits(self, input_bits):
        return max(1, int(np.ceil(np.log2(len(self.levels)))))


@dataclass(frozen=True, eq=False, kw_only=True)
class UniformQuantize(Quantizer):
    """Rounds to ``(q - zero_point) * scale`` with q an integer of ``bits`` bits (TFLite's int8).

    ``scale`` and ``zero_point`` are numbers; q runs over the signed range if ``signed``, else from 0.
    """

    scale: float
    zero_point: int = 0
    bits: int = 8
    signed: bool = True

    constant_axes = 0

    def numbers(self):
        return ()

    def steps_per_element(self, input_shapes):
        return {"multiply": 1, "round": 1}

    def value_bits(self, input_bits):
        return self.bits

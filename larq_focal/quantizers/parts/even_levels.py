"""Rounding to levels at even distances."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops


def even_levels(unit: Tensor, bits: int, has_zero: bool) -> Tensor:
    """The nearest of even levels from -1 to +1: 2^bits - 1 of them with ``has_zero``, else 2^bits."""
    unit = ops.clip(unit, -1, 1)
    if has_zero:
        steps = 2 ** (bits - 1) - 1
        return ops.round(unit * steps) / steps
    steps = 2**bits - 1
    return (2 * ops.floor((unit + 1) * (steps / 2) + 0.5) - steps) / steps

"""Means, deviations and magnitudes of weights, for each output channel."""

from __future__ import annotations

import math
from typing import Literal

from larq_focal.nn import Tensor, ops

Scale = Literal["tensor", "channel"] | None


def check_scale(owner: str, scale: Scale, may_be_none: bool = True) -> None:
    """Raises a ValueError that names the class ``owner`` if ``scale`` is none of those known."""
    known = ("tensor", "channel", None) if may_be_none else ("tensor", "channel")
    if scale not in known:
        names = ['"tensor"', '"channel"', "None"][: len(known)]
        raise ValueError(f"{owner}: scale must be {', '.join(names[:-1])} or {names[-1]}, but is {scale!r}.")


def per_channel(x: Tensor) -> tuple[tuple[int, ...], int]:
    """The axes over which the statistics of an output channel (last axis) run, and the number of its weights."""
    return tuple(range(len(x.shape) - 1)), math.prod(x.shape[:-1])


def at_least_float32(x: Tensor) -> Tensor:
    """``x``, as float32 if it is of a smaller type."""
    return ops.cast(x, "float32") if ops.dtype(x) in ("float16", "bfloat16") else x


def mean_magnitude(x: Tensor, scale: Scale) -> Tensor:
    """mean|x| over the whole tensor or for each index of the last axis, in the type of ``x``; 1 for None."""
    if scale is None:
        return ops.ones((), x.dtype)
    axes = None if scale == "tensor" else per_channel(x)[0]
    return ops.cast(ops.mean(ops.abs(ops.cast(x, "float32")), axes), x.dtype)


def standardize(x: Tensor, degrees_of_freedom: int = 0) -> tuple[Tensor, Tensor]:
    """(x - mean) / deviation for each index of the last axis, and the deviation; both in float32 at least.

    The gradient runs through the mean and the deviation. Where a channel is constant, its deviation counts as 1.

    Args:
        x: Weights with known shape, the output channels last.
        degrees_of_freedom: What is taken from the number of weights where the variance is divided by it: 0, or 1 for
            the sample variance.
    """
    x = at_least_float32(x)
    axes, count = per_channel(x)
    # Sums divided by the count, because a mean by a rounded reciprocal would set constant weights off zero.
    centred = x - ops.sum(x, axes) / count
    variance = ops.sum(centred**2, axes) / max(count - degrees_of_freedom, 1)
    deviation = ops.sqrt(ops.where(variance > 0, variance, ops.ones_like(variance)))
    return centred / deviation, deviation

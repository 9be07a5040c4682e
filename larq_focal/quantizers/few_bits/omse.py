"""Kernel quantizer of a few even levels in the range that has the least squared error (OMSE, also MMSE)."""

from __future__ import annotations

import math

import numpy as np

from larq_focal.nn import Tensor, ops, straight_through
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.even_levels import even_levels
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.step_sweep import best_step_near
from larq_focal.quantizers.parts.weight_statistics import Scale, at_least_float32, check_scale, per_channel

__all__ = ["OMSE", "omse_range"]

_CANDIDATES = np.arange(1, 33, dtype=np.float32) / 32
_AT_ONCE = 8
_REFINEMENTS = 6
_MOST_EVENTS = 2**19
"""Weights times levels that a sweep follows them: a training step waits for it."""


def omse_range(weights: Tensor, bits: int, scale: Scale = "tensor", has_zero: bool = True) -> Tensor:
    """The range a with the least sum of squares of ``weights`` - a * even_levels(``weights`` / a).

    The error has many local minima. The best of 32 ranges up to max|w| is taken first, and levels and range are fitted
    to each other in turn. From there a sweep looks at every rounding on the way to larger and smaller ranges: at all
    that there are where weights times levels are at most half a million, such as 4,128 weights of 8 bits or 74,898 of
    4, else at the nearest. ``lqf.compress.quantize_kernel`` has no such bound.

    Args:
        weights: Of known shape, float32 or float64.
        bits: 2 or more.
        scale: "tensor" for one range (a scalar), "channel" for one for each index of the last axis.
        has_zero: As for :func:`even_levels`.

    Returns:
        The range; 1 where all weights are 0.
    """
    axes = per_channel(weights)[0] if scale == "channel" else tuple(range(len(weights.shape)))
    largest = ops.max(ops.abs(weights), axes)
    largest = ops.where(largest > 0, largest, ops.ones_like(largest))

    def errors(candidates):
        """Of each candidate [k], times ``largest``: [k] or [k, channels]."""
        limits = ops.convert_to_tensor(candidates.reshape(-1, *[1] * len(weights.shape)), weights.dtype) * largest
        rounded = limits * even_levels(weights / limits, bits, has_zero)
        return ops.sum((weights - rounded) ** 2, tuple(1 + axis for axis in axes))

    groups = np.split(_CANDIDATES, len(_CANDIDATES) // _AT_ONCE)
    least = ops.argmin(ops.concatenate([errors(group) for group in groups], 0), 0)
    best = largest * ops.take(ops.convert_to_tensor(_CANDIDATES, weights.dtype), least)
    for _ in range(_REFINEMENTS):
        levels = even_levels(weights / best, bits, has_zero)
        square = ops.sum(levels**2, axes)
        best = ops.where(square > 0, ops.divide_no_nan(ops.sum(weights * levels, axes), square), best)
    return _swept(weights, best, bits, has_zero, axes)


def _swept(weights: Tensor, limit: Tensor, bits: int, has_zero: bool, axes: tuple[int, ...]) -> Tensor:
    """The range of least squared error near ``limit``, a scalar or ``[channels]``."""
    size, levels = math.prod(weights.shape), 2 ** (bits - 1)
    reach = min(levels - 1, _MOST_EVENTS // max(size, 1))
    if not reach or not size:
        return limit
    steps = levels - 1 if has_zero else levels - 0.5
    channels = 1 if len(axes) == len(weights.shape) else weights.shape[-1]
    rows = ops.transpose(ops.reshape(ops.abs(weights), [-1, channels]))
    step = best_step_near(rows, ops.reshape(limit, [-1]) / steps, levels, has_zero, reach)
    return ops.reshape(step * steps, ops.shape(limit))


@straight_through
def omse(x: Tensor, bits: int, scale: Scale = "tensor", has_zero: bool = True) -> Tensor:
    """``x`` rounded to even levels in the range of :func:`omse_range`. Backward, the gradient passes unchanged.

    Args:
        x: Latent weights of known shape; the other arguments are those of :func:`omse_range`.
    """
    weights = at_least_float32(x)
    limit = omse_range(weights, bits, scale, has_zero)
    return ops.cast(limit * even_levels(weights / limit, bits, has_zero), x.dtype)


@quantizer_row(
    levels="2^bits - 1 even levels from -a to +a; a has the least squared error for each output channel",
    kernel="float",
    lowering="a float convolution; 8-bit integers hold its levels exactly",
    scales="channel",
    differs="the range is found by a search, which ends up to 4.5 % above the least squared error at 8 bits",
)
class OMSE(Quantizer):
    """Uniform weights of a few bits, in the range of least squared error.

        a = argmin sum (w - q(w))^2      (of each kernel, again at every step)
        q(w) = the nearest of 2^bits - 1 even levels from -a to +a, with 0 among them
        dq/dw = 1

    ``sawb`` estimates the same range by two statistics, for levels without 0.

    Args:
        bits: 2 to 8.
        scale: "channel" for a range of each output channel (last axis), as published for weights; "tensor" for one.
        has_zero: Whether 0 is a level; without it there are 2^bits.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., output channels] in and out.

    Raises:
        ValueError: Other bits, or an unknown scale.

    Source:
        Choukroun, Kravchik, Yang and Kisilev, "Low-bit Quantization of Neural Networks for Efficient Inference",
        https://arxiv.org/abs/1902.06822. They quantize trained networks; here it is done in training too.
    """

    def __init__(self, bits: int = 4, scale: Scale = "channel", has_zero: bool = True, **kwargs):
        super().__init__(**kwargs)
        if not 2 <= bits <= 8:
            raise ValueError(f"OMSE: bits must be from 2 to 8, but is {bits}.")
        check_scale("OMSE", scale, may_be_none=False)
        self.bits = bits
        self.scale = scale
        self.has_zero = has_zero

    @property
    def precision(self) -> int:
        return self.bits

    def call(self, inputs):
        return omse(inputs, self.bits, self.scale, self.has_zero)

    def get_config(self):
        return {**super().get_config(), "bits": self.bits, "scale": self.scale, "has_zero": self.has_zero}

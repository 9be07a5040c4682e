"""Means, deviations and magnitudes of weights, for each output channel."""

from __future__ import annotations

from typing import Literal

from larq_focal.keras import tf

Scale = Literal["tensor", "channel"] | None


def check_scale(owner: str, scale: Scale, may_be_none: bool = True) -> None:
    """Raises a ValueError that names the class ``owner`` if ``scale`` is none of those known."""
    known = ("tensor", "channel", None) if may_be_none else ("tensor", "channel")
    if scale not in known:
        names = ['"tensor"', '"channel"', "None"][: len(known)]
        raise ValueError(f"{owner}: scale must be {', '.join(names[:-1])} or {names[-1]}, but is {scale!r}.")


def per_channel(x: tf.Tensor) -> tuple[list[int], int]:
    """The axes over which the statistics of an output channel (last axis) run, and the number of its weights."""
    axes = list(range(x.shape.rank - 1))
    return axes, x.shape[:-1].num_elements()


def at_least_float32(x: tf.Tensor) -> tf.Tensor:
    """``x``, as float32 if it is of a smaller type."""
    return tf.cast(x, tf.float32) if x.dtype.size < tf.float32.size else x


def mean_magnitude(x: tf.Tensor, scale: Scale) -> tf.Tensor:
    """mean|x| over the whole tensor or for each index of the last axis, in the type of ``x``; 1 for None."""
    if scale is None:
        return tf.ones((), x.dtype)
    axes = None if scale == "tensor" else per_channel(x)[0]
    return tf.cast(tf.reduce_mean(tf.abs(tf.cast(x, tf.float32)), axes), x.dtype)


def standardize(x: tf.Tensor, degrees_of_freedom: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
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
    centred = x - tf.reduce_sum(x, axes) / count
    variance = tf.reduce_sum(centred**2, axes) / max(count - degrees_of_freedom, 1)
    deviation = tf.sqrt(tf.where(variance > 0, variance, tf.ones_like(variance)))
    return centred / deviation, deviation

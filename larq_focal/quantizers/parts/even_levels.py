"""Rounding to levels at even distances."""

from __future__ import annotations

from larq_focal.keras import tf


def even_levels(unit: tf.Tensor, bits: int, has_zero: bool) -> tf.Tensor:
    """The nearest of even levels from -1 to +1: 2^bits - 1 of them with ``has_zero``, else 2^bits."""
    unit = tf.clip_by_value(unit, -1, 1)
    if has_zero:
        steps = 2 ** (bits - 1) - 1
        return tf.round(unit * steps) / steps
    steps = 2**bits - 1
    return (2 * tf.floor((unit + 1) * (steps / 2) + 0.5) - steps) / steps

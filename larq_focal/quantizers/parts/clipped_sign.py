"""The sign of what lies above a threshold, with a clipped gradient."""

from __future__ import annotations

from larq_focal.keras import tf
from larq_focal.quantizers.parts.pseudo_gradient import is_within, with_gradient


@with_gradient(lambda x, threshold: is_within(x - threshold, 1))
def clipped_sign(x: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """+1 where ``x >= threshold``, else -1. Backward, the gradient passes to ``x`` where |x - threshold| <= 1.

    Args:
        x: Any shape.
        threshold: Broadcasts against ``x``; a constant to the gradient.
    """
    one = tf.constant(1, x.dtype)
    return tf.where(x >= threshold, one, -one)

"""The sign of what lies above a threshold, with a clipped gradient."""

from __future__ import annotations

from larq_focal.nn import Tensor, is_within, ops, with_gradient


@with_gradient(lambda x, threshold: is_within(x - threshold, 1))
def clipped_sign(x: Tensor, threshold: Tensor) -> Tensor:
    """+1 where ``x >= threshold``, else -1. Backward, the gradient passes to ``x`` where |x - threshold| <= 1.

    Args:
        x: Any shape.
        threshold: Broadcasts against ``x``; a constant to the gradient.
    """
    one = ops.ones((), x.dtype)
    return ops.where(x >= threshold, one, -one)

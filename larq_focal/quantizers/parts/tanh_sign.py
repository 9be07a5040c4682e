"""The sign with the derivative of a tanh."""

from __future__ import annotations

from larq_focal.keras import tf
from larq_focal.quantizers.parts.sign import sign


@tf.custom_gradient
def tanh_sign(x: tf.Tensor, beta: tf.Tensor):
    """The sign of ``x``, with both derivatives of tanh(beta x / 2).

    With s = 1 - tanh(beta x / 2)^2, the derivative by ``x`` is beta/2 * s and that by ``beta`` is x/2 * s.

    Args:
        x: Any shape.
        beta: Scalar of the type of ``x``, the steepness.
    """

    def grad(upstream):
        slope = upstream * (1 - tf.tanh(beta * x / 2) ** 2) / 2
        return slope * beta, tf.reduce_sum(slope * x)

    return sign(x), grad

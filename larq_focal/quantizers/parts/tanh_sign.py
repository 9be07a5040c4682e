"""The sign with the derivative of a tanh."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.sign import sign


def _slopes(x: Tensor, beta: Tensor) -> tuple[Tensor, Tensor]:
    half = (1 - ops.tanh(beta * x / 2) ** 2) / 2
    return half * beta, half * x


@with_gradient(_slopes, by=2)
def tanh_sign(x: Tensor, beta: Tensor) -> Tensor:
    """The sign of ``x``, with both derivatives of tanh(beta x / 2).

    With s = 1 - tanh(beta x / 2)^2, the derivative by ``x`` is beta/2 * s and that by ``beta`` is x/2 * s.

    Args:
        x: Any shape.
        beta: Scalar of the type of ``x``, the steepness.
    """
    return sign(x)

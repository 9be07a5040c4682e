"""The sign with the derivative of SignSwish."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.sign import sign


def _slope(x: Tensor, beta: float) -> Tensor:
    scaled = beta * x
    return beta * (2 - scaled * ops.tanh(scaled / 2)) / (1 + ops.cosh(scaled))


@with_gradient(_slope)
def swish_sign(x: Tensor, beta: float) -> Tensor:
    """The sign of ``x``, with the derivative of SignSwish: b (2 - b x tanh(b x / 2)) / (1 + cosh(b x)).

    Args:
        x: Any shape.
        beta: b, positive.

    Source:
        Darabi et al., "Regularized Binary Network Training", https://arxiv.org/abs/1812.11800.
    """
    return sign(x)

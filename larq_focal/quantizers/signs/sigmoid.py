"""The sign, with the gradient of a sigmoid."""

from __future__ import annotations

from larq_focal.nn import ops
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.sloped import Sloped
from larq_focal.quantizers.parts.tanh_sign import tanh_sign

__all__ = ["SigmoidSign"]


@quantizer_row(values=(-1, 1), kernel="packed", activation="packed", needs_clip=True, reading="sign")
class SigmoidSign(Sloped):
    """The sign, with the derivative of 2 sigmoid(m x) - 1.

    Forward, q(x) = +1 if x >= 0 else -1. Backward, dq/dx = 2 m y (1 - y), y = sigmoid(m x).

    As 2 sigmoid(m x) - 1 = tanh(m x / 2), this is ``TanhSign(m / 2)``. The source steps from 0 to 1 with half the
    gradient, which is :class:`SigmoidStep`; the same step from -1 to +1 is what packs.

    Args:
        slope: m.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: A slope that is not positive.

    Source:
        https://github.com/computational-imaging/PixelRNN (``sigmoid_mx``, with its m = 6).
    """

    def __init__(self, slope: float = 6.0, **kwargs):
        super().__init__(slope, **kwargs)

    def call(self, inputs):
        return tanh_sign(inputs, ops.convert_to_tensor(self.slope, inputs.dtype))

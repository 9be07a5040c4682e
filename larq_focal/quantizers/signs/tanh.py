"""The sign, with the gradient of a tanh."""

from __future__ import annotations

from larq_focal.nn import ops
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.sloped import Sloped
from larq_focal.quantizers.parts.tanh_sign import tanh_sign

__all__ = ["TanhSign"]


@quantizer_row(values=(-1, 1), kernel="packed", activation="packed", needs_clip=True, reading="sign")
class TanhSign(Sloped):
    """The sign, with the derivative of tanh(m x).

    Forward, q(x) = +1 if x >= 0 else -1. Backward, dq/dx = m (1 - tanh(m x)^2).

    Args:
        slope: m. The source has 2, and 5 in a second form.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: A slope that is not positive.

    Source:
        https://github.com/computational-imaging/PixelRNN (``tanh_mx`` and ``tanh_x``).
    """

    def __init__(self, slope: float = 2.0, **kwargs):
        super().__init__(slope, **kwargs)

    def call(self, inputs):
        return tanh_sign(inputs, ops.convert_to_tensor(2 * self.slope, inputs.dtype))

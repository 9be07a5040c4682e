"""A step from 0 to 1, with the gradient of a sigmoid."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.sloped import Sloped

__all__ = ["SigmoidStep", "sigmoid_step"]


def _sigmoid_slope(x: Tensor, slope: Tensor) -> Tensor:
    y = ops.sigmoid(slope * x)
    return slope * y * (1 - y)


@with_gradient(_sigmoid_slope)
def sigmoid_step(x: Tensor, slope: Tensor) -> Tensor:
    """1 where ``x >= 0``, else 0, with the derivative by ``x`` of sigmoid(slope x).

    Args:
        x: Any shape.
        slope: Positive scalar of the type of ``x``. It gets no gradient.
    """
    return ops.where(x >= 0, ops.ones((), x.dtype), ops.zeros((), x.dtype))


@quantizer_row(
    values=(0, 1),
    kernel="float",
    activation="float",
    lowering="a float convolution; for inputs one binary convolution in a BinarySumConv2D",
    needs_clip=True,
    reading="steps",
)
class SigmoidStep(Sloped):
    """A step from 0 to 1, with the derivative of sigmoid(m x).

    Forward, q(x) = 1 if x >= 0 else 0. Backward, dq/dx = m y (1 - y), y = sigmoid(m x).

    As inputs of a :class:`~larq_focal.layers.BinarySumConv2D` with ``input_levels=(0, 1)`` it is exactly one binary
    convolution. In any other layer the convolution stays a float one.

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
        return sigmoid_step(inputs, ops.convert_to_tensor(self.slope, inputs.dtype))

"""Input quantizer by Sauvola's local threshold."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.local_threshold import LocalThreshold, local_statistics
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["SauvolaSign"]


def _is_near(x: Tensor, largest: Tensor, scaled_threshold: Tensor) -> Tensor:
    return ops.cast(ops.abs(x * largest - scaled_threshold) <= largest, x.dtype)


@with_gradient(_is_near)
def scaled_sign(x: Tensor, largest: Tensor, scaled_threshold: Tensor) -> Tensor:
    """+1 where ``x * largest >= scaled_threshold``, else -1: a threshold that is a quotient, without the division.

    Backward, the gradient passes to ``x`` where it lies at most 1 from the quotient.

    Args:
        x: [batch, height, width, channels].
        largest: Not negative; what the threshold would be divided by. Broadcasts against ``x``.
        scaled_threshold: Broadcasts against ``x``. Both are constants to the gradient.
    """
    one = ops.ones((), x.dtype)
    return ops.where(x * largest >= scaled_threshold, one, -one)


@quantizer_row(
    values=(-1, 1),
    activation="packed",
    lowering="two AVERAGE_POOL_2D, a REDUCE_MAX and element-wise operations, then one packing operation",
)
class SauvolaSign(LocalThreshold):
    """Binary activations by Sauvola's local threshold, which trusts the mean only where there is contrast.

        T = mean * (1 + k * (deviation / R - 1)),  R = the largest deviation of the image in that channel
        q(x) = +1 if x >= T else -1
        dq/dx = 1 if |x - T| <= 1 else 0, where T counts as a constant

    The comparison is made as R x >= R T, without a quotient, so that an image without contrast is all +1. Made for
    values that are not negative. It converts to two AVERAGE_POOL_2D, a REDUCE_MAX and some element-wise operations
    before the packing.

    Args:
        window: Height and width of the neighbourhood.
        k: How far the threshold falls below the mean where there is no contrast, relative to the mean.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, height, width, channels] in and out.

    Raises:
        ValueError: A window below 1, or inputs without these four axes.

    Source:
        Sauvola and Pietikainen, "Adaptive document image binarization", Pattern Recognition 33, 2000; as a quantizer
        with these defaults https://github.com/sfalkena/larq.
    """

    def __init__(self, window: int = 3, k: float = 0.5, **kwargs):
        super().__init__(window, k, **kwargs)

    def call(self, inputs):
        mean, deviation = local_statistics(inputs, self.window)
        largest = ops.max(deviation, axis=[1, 2], keepdims=True)
        scaled_threshold = mean * (largest * (1 - self.k) + deviation * self.k)
        return scaled_sign(inputs, largest, scaled_threshold)

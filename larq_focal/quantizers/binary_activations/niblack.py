"""Input quantizer by Niblack's local threshold."""

from __future__ import annotations

from larq_focal.quantizers.parts.clipped_sign import clipped_sign
from larq_focal.quantizers.parts.local_threshold import LocalThreshold, local_statistics
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["NiblackSign"]


@quantizer_row(
    values=(-1, 1),
    activation="packed",
    lowering="two AVERAGE_POOL_2D and element-wise operations, then one packing operation",
)
class NiblackSign(LocalThreshold):
    """Binary activations by Niblack's local threshold.

        T = mean + k * deviation        (of the window around each pixel, each channel by itself)
        q(x) = +1 if x >= T else -1
        dq/dx = 1 if |x - T| <= 1 else 0, where T counts as a constant

    It converts to two AVERAGE_POOL_2D and some element-wise operations before the packing.

    Args:
        window: Height and width of the neighbourhood.
        k: How many standard deviations the threshold lies above the mean.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, height, width, channels] in and out.

    Raises:
        ValueError: A window below 1, or inputs without these four axes.

    Source:
        Niblack, "An Introduction to Digital Image Processing", 1986; as a quantizer with these defaults
        https://github.com/sfalkena/larq.
    """

    def __init__(self, window: int = 3, k: float = -0.2, **kwargs):
        super().__init__(window, k, **kwargs)

    def call(self, inputs):
        mean, deviation = local_statistics(inputs, self.window)
        return clipped_sign(inputs, mean + self.k * deviation)

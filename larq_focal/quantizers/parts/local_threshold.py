"""Thresholds that each pixel takes from its neighbourhood."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops
from larq_focal.quantizers.parts.base import Quantizer


def local_statistics(x: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each pixel's square neighbourhood; beyond the border there are no pixels."""

    def mean(values):
        return ops.average_pool(values, window, 1, "same", "channels_last")

    average = mean(x)
    return average, ops.sqrt(ops.relu(mean(ops.square(x)) - ops.square(average)))


class LocalThreshold(Quantizer):
    """What Niblack's and Sauvola's quantizers share: they differ in the threshold."""

    precision = 1

    def __init__(self, window: int, k: float, **kwargs):
        super().__init__(**kwargs)
        if window < 1:
            raise ValueError(f"{type(self).__name__}: window must be at least 1, but is {window}.")
        self.window = window
        self.k = k

    def build(self, input_shape):
        if len(input_shape) != 4:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} looks at the neighbours of pixels and needs inputs of shape "
                f"[batch, height, width, channels], but got {input_shape}. For inputs without height and width use "
                "another input quantizer, such as 'ste_sign'."
            )
        super().build(input_shape)

    def get_config(self):
        return {**super().get_config(), "window": self.window, "k": self.k}

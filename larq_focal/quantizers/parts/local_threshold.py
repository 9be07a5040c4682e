"""Thresholds that each pixel takes from its neighbourhood."""

from __future__ import annotations

from larq_focal.keras import tf
from larq_focal.quantizers.parts.base import Quantizer


def local_statistics(x: tf.Tensor, window: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and standard deviation of each pixel's square neighbourhood; beyond the border there are no pixels."""

    def mean(values):
        return tf.nn.avg_pool2d(values, window, 1, "SAME")

    average = mean(x)
    return average, tf.sqrt(tf.nn.relu(mean(tf.square(x)) - tf.square(average)))


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
        if tf.TensorShape(input_shape).rank != 4:
            raise ValueError(
                f"{type(self).__name__} {self.name!r} looks at the neighbours of pixels and needs inputs of shape "
                f"[batch, height, width, channels], but got {input_shape}. For inputs without height and width use "
                "another input quantizer, such as 'ste_sign'."
            )
        super().build(input_shape)

    def get_config(self):
        return {**super().get_config(), "window": self.window, "k": self.k}

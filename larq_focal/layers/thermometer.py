"""Thermometer code: pixels as counts of +1 among binary channels."""

from __future__ import annotations

import numpy as np

from larq_focal.nn import keras, ops, register


@register()
class Thermometer(keras.layers.Layer):
    """Compares each value with ``count`` rising thresholds, so that the first convolution has signs as inputs.

    The values from ``low`` to ``high`` are rounded to the nearest of ``count + 1`` evenly spaced numbers, number i
    being written as i times +1 and count - i times -1. With the step s = (high - low) / count, threshold j is
    low + (j + 1/2) s, and the sum of the signs of one value is 2i - count.

    Output channel j * channels + c compares input channel c with threshold j. It converts to CONCATENATION and SUB
    before the packing.

    Args:
        count: Binary channels for each input channel.
        low: The value that is written as all -1.
        high: The value that is written as all +1.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., channels] in, [..., count * channels] out.

    Raises:
        ValueError: A count below 1, or limits that do not rise.

    Source:
        Moons, Bankman, Yang, Murmann and Verhelst, "BinarEye: An Always-On Energy-Accuracy-Scalable Binary CNN
        Processor With All Memory On Chip in 28nm CMOS", CICC 2018; https://github.com/BertMoons/BinarEye.
    """

    def __init__(self, count: int, low: float = 0.0, high: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        if count < 1:
            raise ValueError(f"Thermometer: count must be at least 1, but is {count}.")
        if not low < high:
            raise ValueError(f"Thermometer: low must be below high, but they are {low} and {high}.")
        self.count = count
        self.low = low
        self.high = high

    @property
    def thresholds(self) -> np.ndarray:
        """float32 [count], rising."""
        step = (self.high - self.low) / self.count
        return np.float32(self.low + (np.arange(self.count) + 0.5) * step)

    def call(self, inputs):
        one = ops.ones((), inputs.dtype)
        copies = ops.concatenate([inputs] * self.count, axis=-1)
        thresholds = np.repeat(self.thresholds, inputs.shape[-1])
        return ops.where(copies >= ops.convert_to_tensor(thresholds, inputs.dtype), one, -one)

    def compute_output_shape(self, input_shape):
        *others, channels = input_shape
        return (*others, channels * self.count)

    def get_config(self):
        return {**super().get_config(), "count": self.count, "low": self.low, "high": self.high}

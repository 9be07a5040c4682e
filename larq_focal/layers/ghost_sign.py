"""Ghost signs: one real value as several signs, by thresholds that lie apart."""

from __future__ import annotations

import numpy as np

from larq_focal.nn import keras, ops, register
from larq_focal.quantizers.parts.clipped_sign import clipped_sign


@register()
class GhostSign(keras.layers.Layer):
    """Binarizes each value several times, with an offset for each slice.

        slice j of x = +1 if x + o_j >= 0 else -1,  o_j = j / (slices / 2 + 1)
        for j from -slices/2 to slices/2 without 0, or for a single slice j = 0

    The sum of the slices is a rising staircase of slices + 1 steps. Backward, the gradient passes to each slice where
    |x + o_j| <= 1, and the slices add up.

    Output channel slice * channels + c comes from input channel c, so that a convolution with as many groups as there
    are slices has one for each. It converts to CONCATENATION and SUB before the packing.

    Args:
        slices: 1, or an even number.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., channels] in, [..., slices * channels] out.

    Raises:
        ValueError: Another odd number of slices, or none.

    Source:
        Guo, Bethge, Yang, Zhong, Ning, Meinel and Wang, "BoolNet: Minimizing The Energy Consumption of Binary Neural
        Networks", 2021, https://arxiv.org/abs/2106.06991; https://github.com/hpi-xnor/BoolNet.
    """

    def __init__(self, slices: int = 4, **kwargs):
        super().__init__(**kwargs)
        if slices < 1 or (slices > 1 and slices % 2):
            raise ValueError(f"GhostSign: slices must be 1 or an even number, but is {slices}.")
        self.slices = slices

    @property
    def offsets(self) -> np.ndarray:
        """float32 [slices], rising."""
        half = self.slices // 2
        steps = [j for j in range(-half, half + 1) if j or self.slices == 1]
        return np.float32(steps) / np.float32(half + 1)

    def call(self, inputs):
        copies = ops.concatenate([inputs] * self.slices, axis=-1)
        thresholds = np.repeat(-self.offsets, inputs.shape[-1])
        return clipped_sign(copies, ops.convert_to_tensor(thresholds, inputs.dtype))

    def compute_output_shape(self, input_shape):
        *others, channels = input_shape
        return (*others, channels * self.slices)

    def get_config(self):
        return {**super().get_config(), "slices": self.slices}

"""PReLU with a slope on either side and a shift before and after it."""

from __future__ import annotations

from larq_focal.nn import keras, ops, register
from larq_focal.quantizers.parts.channels import fix_channels


@register()
class DPReLU(keras.layers.Layer):
    """A PReLU between two trained shifts, with a trained slope on either side, all four for each channel.

        y = x - shift_in
        f(x) = positive_slope * y - shift_out if y >= 0 else negative_slope * y - shift_out

    The shifts start at 0, the slopes at 1 and 0.25. It converts to RELU and element-wise operations.
    It takes the arguments of any Keras layer.

    Shapes:
        [..., channels] in and out.

    Raises:
        ValueError: Inputs with an unknown number of channels.

    Source:
        Zhang, Zhang and Lew, "PokeBNN: A Binary Pursuit of Lightweight Accuracy", CVPR 2022,
        https://arxiv.org/abs/2112.00133; https://github.com/google/aqt, jax_legacy/jax/imagenet/pokebnn.py.
    """

    def build(self, input_shape):
        shape = (fix_channels(self, input_shape),)
        self.shift_in = self.add_weight(name="shift_in", shape=shape, initializer="zeros")
        self.positive_slope = self.add_weight(name="positive_slope", shape=shape, initializer="ones")
        self.negative_slope = self.add_weight(
            name="negative_slope", shape=shape, initializer=keras.initializers.Constant(0.25)
        )
        self.shift_out = self.add_weight(name="shift_out", shape=shape, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        shifted = inputs - self.shift_in
        above, below = ops.relu(shifted) * self.positive_slope, ops.relu(-shifted) * self.negative_slope
        return above - below - self.shift_out

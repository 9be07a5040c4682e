"""PReLU that is shifted in and out: an activation function which lets each channel reshape its distribution."""

from __future__ import annotations

from larq_focal.nn import keras, ops, register
from larq_focal.quantizers.parts.channels import fix_channels


@register()
class RPReLU(keras.layers.Layer):
    """A PReLU between two trained shifts, all three for each channel.

        y = x - shift_in
        f(x) = y + shift_out if y > 0 else slope * y + shift_out

    The shifts start at 0 and the slope at 0.25. It converts to SUB, PRELU and ADD.

    Args:
        slope: The slope of the negative side at the start.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., channels] in and out.

    Raises:
        ValueError: Inputs with an unknown number of channels, or with another one than before.

    Source:
        Liu, Shen, Savvides and Cheng, "ReActNet: Towards Precise Binary Neural Network with Generalized Activation
        Functions", ECCV 2020, https://arxiv.org/abs/2003.03488.
    """

    def __init__(self, slope: float = 0.25, **kwargs):
        super().__init__(**kwargs)
        self.initial_slope = slope

    def build(self, input_shape):
        shape = (fix_channels(self, input_shape),)
        self.shift_in = self.add_weight(name="shift_in", shape=shape, initializer="zeros")
        self.slope = self.add_weight(
            name="slope", shape=shape, initializer=keras.initializers.Constant(self.initial_slope)
        )
        self.shift_out = self.add_weight(name="shift_out", shape=shape, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        shifted = inputs - self.shift_in
        # The form that TensorFlow's converter takes for a PReLU; it wants a slope for each axis but the batch.
        slope = ops.reshape(self.slope, (*[1] * (len(inputs.shape) - 2), -1))
        return ops.relu(shifted) + -slope * ops.relu(-shifted) + self.shift_out

    def get_config(self):
        return {**super().get_config(), "slope": self.initial_slope}

"""Batch normalisation by mean absolute deviations, with a backward pass that needs only signs."""

from __future__ import annotations

from typing import Literal

from larq_focal.keras import keras, larq, tf
from larq_focal.quantizers.parts.channels import fix_channels

Backward = Literal["exact", "signs"]


def normalize(x: tf.Tensor, mean: tf.Tensor, deviation: tf.Tensor) -> tf.Tensor:
    """``(x - mean) / deviation``; the gradient is the exact one, by mean and deviation too."""
    return (x - mean) / deviation


def normalize_by_signs(x: tf.Tensor, mean: tf.Tensor, deviation: tf.Tensor) -> tf.Tensor:
    """The same, with a gradient that remembers the signs of the result and their mean magnitude in each channel.

    With y the result, h = sign(y), w = mean|y| and v = upstream / deviation:

        dx = v - mean(v) - h mean(v h w)

    Args:
        x: [..., channels].
        mean: Of ``x`` over all axes but the last, [channels]; its gradient is contained in dx.
        deviation: The mean of |x - mean|, likewise.
    """
    axes = list(range(x.shape.rank - 1))

    @tf.custom_gradient
    def normalized(x):
        y = normalize(x, mean, deviation)
        sign = tf.sign(y)
        magnitude = tf.reduce_mean(tf.abs(y), axes)

        def grad(upstream):
            v = upstream / deviation
            return v - tf.reduce_mean(v, axes) - sign * tf.reduce_mean(v * sign * magnitude, axes)

        return y, grad

    return normalized(x)


@larq.utils.register_keras_custom_object
class L1BatchNormalization(keras.layers.Layer):
    """Batch normalisation with the mean absolute deviation in place of the standard deviation, and no square root.

        y = (x - mean) / (deviation + epsilon) + beta,  deviation = the mean of |x - mean|

    for each channel (last axis), over the batch in training and by moving averages in inference. There is no gamma: in
    front of a sign it could only turn the threshold round. Converted, it is a MUL and an ADD, which fold into a binary
    convolution before it.

    Args:
        backward: "exact" for the derivative of the above, mean and deviation included; "signs" for the one of the
            source, with h the sign and w the mean magnitude of the normalised values in the channel,
            dx = v - mean(v) - h mean(v h w), v = upstream / (deviation + epsilon). It is made for training that keeps
            one bit for each value; TensorFlow itself keeps more.
        momentum: Of the moving averages.
        epsilon: Added to the deviation.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, ..., channels] in and out.

    Raises:
        ValueError: An unknown ``backward``; a momentum outside of [0, 1); an epsilon that is not positive; or inputs
            without known channels.

    Source:
        Wang, Davis, Moro, Zielinski, Lim, Coelho, Chatterjee, Cheung and Constantinides, "Enabling Binary Neural
        Network Training on the Edge", https://arxiv.org/abs/2102.04270;
        https://github.com/awai54st/Enabling-Binary-Neural-Network-Training-on-the-Edge.
    """

    def __init__(self, backward: Backward = "exact", momentum: float = 0.99, epsilon: float = 1e-3, **kwargs):
        super().__init__(**kwargs)
        if backward not in ("exact", "signs"):
            raise ValueError(f'L1BatchNormalization: backward must be "exact" or "signs", but is {backward!r}.')
        if not 0 <= momentum < 1:
            raise ValueError(f"L1BatchNormalization: momentum must be from 0 to below 1, but is {momentum}.")
        if not epsilon > 0:
            raise ValueError(f"L1BatchNormalization: epsilon must be positive, but is {epsilon}.")
        self.backward = backward
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        channels = fix_channels(self, input_shape)

        def weight(name: str, initializer: str, trainable: bool) -> tf.Variable:
            return self.add_weight(
                name, (channels,), tf.float32, initializer, trainable=trainable, experimental_autocast=False
            )

        self.beta = weight("beta", "zeros", trainable=True)
        self.moving_mean = weight("moving_mean", "zeros", trainable=False)
        self.moving_deviation = weight("moving_deviation", "ones", trainable=False)
        super().build(input_shape)

    def call(self, inputs, training=None):
        x = tf.cast(inputs, tf.float32)
        if training and self.trainable:
            return tf.cast(self._normalized_over_batch(x) + self.beta, self.compute_dtype)
        scale, shift = self.folded()
        return tf.cast(x * scale + shift, self.compute_dtype)

    def folded(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Scale and shift of inference, each [channels]."""
        scale = 1 / (self.moving_deviation + self.epsilon)
        return scale, self.beta - self.moving_mean * scale

    def _normalized_over_batch(self, x: tf.Tensor) -> tf.Tensor:
        axes = list(range(x.shape.rank - 1))
        mean = tf.reduce_mean(x, axes)
        deviation = tf.reduce_mean(tf.abs(x - mean), axes)
        for moving, value in ((self.moving_mean, mean), (self.moving_deviation, deviation)):
            moving.assign_add((tf.stop_gradient(value) - moving) * (1 - self.momentum))
        function = normalize if self.backward == "exact" else normalize_by_signs
        return function(x, mean, deviation + self.epsilon)

    def compute_output_shape(self, input_shape):
        return tf.TensorShape(input_shape)

    def get_config(self):
        own = {"backward": self.backward, "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **own}

"""Activation quantizers that compare each pixel with a threshold taken from its neighbourhood."""

from __future__ import annotations

from larq_focal.keras import larq, tf
from larq_focal.quantizers.parts.base import Quantizer


@tf.custom_gradient
def clipped_sign(x: tf.Tensor, threshold: tf.Tensor):
    """+1 where ``x >= threshold``, else -1. Backward, the gradient passes to ``x`` where |x - threshold| <= 1.

    Args:
        x: Any shape.
        threshold: Broadcasts against ``x``; a constant to the gradient.
    """
    one = tf.constant(1, x.dtype)

    def grad(upstream):
        return upstream * tf.cast(tf.abs(x - threshold) <= 1, x.dtype), None

    return tf.where(x >= threshold, one, -one), grad


def local_statistics(x: tf.Tensor, window: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and standard deviation of each pixel's square neighbourhood; beyond the border there are no pixels."""

    def mean(values):
        return tf.nn.avg_pool2d(values, window, 1, "SAME")

    average = mean(x)
    return average, tf.sqrt(tf.nn.relu(mean(tf.square(x)) - tf.square(average)))


class _LocalThreshold(Quantizer):
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


@larq.utils.register_keras_custom_object
class NiblackSign(_LocalThreshold):
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


@larq.utils.register_keras_custom_object
class SauvolaSign(_LocalThreshold):
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
        largest = tf.reduce_max(deviation, axis=[1, 2], keepdims=True)
        scaled_threshold = mean * (largest * (1 - self.k) + deviation * self.k)

        @tf.custom_gradient
        def straight_through(x):
            def grad(upstream):
                distance = tf.abs(x * largest - scaled_threshold)
                return upstream * tf.cast(distance <= largest, x.dtype)

            one = tf.constant(1, x.dtype)
            return tf.where(x * largest >= scaled_threshold, one, -one), grad

        return straight_through(inputs)

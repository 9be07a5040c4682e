"""Signs and steps whose gradient is that of a tanh or of a sigmoid."""

from __future__ import annotations

from larq_focal.keras import larq, tf
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.sign import sign


@tf.custom_gradient
def tanh_sign(x: tf.Tensor, beta: tf.Tensor):
    """The sign of ``x``, with both derivatives of tanh(beta x / 2).

    With s = 1 - tanh(beta x / 2)^2, the derivative by ``x`` is beta/2 * s and that by ``beta`` is x/2 * s.

    Args:
        x: Any shape.
        beta: Scalar of the type of ``x``, the steepness.
    """

    def grad(upstream):
        slope = upstream * (1 - tf.tanh(beta * x / 2) ** 2) / 2
        return slope * beta, tf.reduce_sum(slope * x)

    return sign(x), grad


@tf.custom_gradient
def sigmoid_step(x: tf.Tensor, slope: tf.Tensor):
    """1 where ``x >= 0``, else 0, with the derivative by ``x`` of sigmoid(slope x). ``slope`` gets no gradient."""

    def grad(upstream):
        y = tf.sigmoid(slope * x)
        return upstream * slope * y * (1 - y), None

    return tf.where(x >= 0, tf.ones((), x.dtype), tf.zeros((), x.dtype)), grad


class _Sloped(Quantizer):
    """A quantizer of two levels with a positive ``slope`` of its surrogate."""

    precision = 1

    def __init__(self, slope: float, **kwargs):
        super().__init__(**kwargs)
        if not slope > 0:
            raise ValueError(f"{type(self).__name__}: slope must be positive, but is {slope}.")
        self.slope = slope

    def get_config(self):
        return {**super().get_config(), "slope": self.slope}


@larq.utils.register_keras_custom_object
class TanhSign(_Sloped):
    """The sign, with the derivative of tanh(m x).

    Forward, q(x) = +1 if x >= 0 else -1. Backward, dq/dx = m (1 - tanh(m x)^2).

    Args:
        slope: m. The source has 2, and 5 in a second form.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: A slope that is not positive.

    Source:
        https://github.com/computational-imaging/PixelRNN (``tanh_mx`` and ``tanh_x``).
    """

    def __init__(self, slope: float = 2.0, **kwargs):
        super().__init__(slope, **kwargs)

    def call(self, inputs):
        return tanh_sign(inputs, tf.constant(2 * self.slope, inputs.dtype))


@larq.utils.register_keras_custom_object
class SigmoidSign(_Sloped):
    """The sign, with the derivative of 2 sigmoid(m x) - 1.

    Forward, q(x) = +1 if x >= 0 else -1. Backward, dq/dx = 2 m y (1 - y), y = sigmoid(m x).

    As 2 sigmoid(m x) - 1 = tanh(m x / 2), this is ``TanhSign(m / 2)``. The source steps from 0 to 1 with half the
    gradient, which is :class:`SigmoidStep`; the same step from -1 to +1 is what packs.

    Args:
        slope: m.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: A slope that is not positive.

    Source:
        https://github.com/computational-imaging/PixelRNN (``sigmoid_mx``, with its m = 6).
    """

    def __init__(self, slope: float = 6.0, **kwargs):
        super().__init__(slope, **kwargs)

    def call(self, inputs):
        return tanh_sign(inputs, tf.constant(self.slope, inputs.dtype))


@larq.utils.register_keras_custom_object
class SigmoidStep(_Sloped):
    """A step from 0 to 1, with the derivative of sigmoid(m x).

    Forward, q(x) = 1 if x >= 0 else 0. Backward, dq/dx = m y (1 - y), y = sigmoid(m x).

    As inputs of a :class:`~larq_focal.layers.BinarySumConv2D` with ``input_levels=(0, 1)`` it is exactly one binary
    convolution. In any other layer the convolution stays a float one.

    Args:
        slope: m.
        **kwargs: As for any Keras layer.

    Raises:
        ValueError: A slope that is not positive.

    Source:
        https://github.com/computational-imaging/PixelRNN (``sigmoid_mx``, with its m = 6).
    """

    def __init__(self, slope: float = 6.0, **kwargs):
        super().__init__(slope, **kwargs)

    def call(self, inputs):
        return sigmoid_step(inputs, tf.constant(self.slope, inputs.dtype))

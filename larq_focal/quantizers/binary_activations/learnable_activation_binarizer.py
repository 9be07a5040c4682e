"""Activation quantizer that looks at a neighbourhood: a learned depthwise convolution, then the sign."""

from __future__ import annotations

import numpy as np

from larq_focal.nn import keras, ops, register
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import quantizer_row
from larq_focal.quantizers.parts.tanh_sign import tanh_sign

__all__ = ["LearnableActivationBinarizer"]


@register()
class CentreTap(keras.initializers.Initializer):
    """Depthwise kernels [height, width, channels, multiplier] that are 1 at the centre: a convolution that copies."""

    def __call__(self, shape, dtype=None, **kwargs):
        height, width, channels, multiplier = shape
        kernel = np.zeros((height, width, channels, multiplier))
        # Same-padding puts the smaller half before the pixel, so an even kernel's centre is left of its middle.
        kernel[(height - 1) // 2, (width - 1) // 2] = 1
        return ops.convert_to_tensor(kernel, dtype or "float32")


@quantizer_row(
    values=(-1, 1),
    activation="packed",
    lowering="one DEPTHWISE_CONV_2D, then one packing operation",
)
class LearnableActivationBinarizer(Quantizer):
    """Binarizes each pixel by a learned weighting of its neighbourhood (LAB).

        d = depthwise_convolution(x) + bias        (one kernel per channel, stride 1, zero padding to the same size)
        q(x) = +1 if d >= 0 else -1

    Backward, the derivatives of tanh(beta * d / 2), for d as well as for beta.

    The paper computes two responses a0 and a1 per channel, takes argmax(beta * a) forward and the derivative of
    2 softmax(beta * a)[1] - 1 backward. Both depend on d = a1 - a0 only, which one convolution with the difference of
    the two kernels gives: the argmax is the sign of d, and 2 sigmoid(beta * d) - 1 = tanh(beta * d / 2). This is that
    one convolution, at half the cost. It converts to one DEPTHWISE_CONV_2D before the packing.

    Args:
        kernel_size: Height and width of the neighbourhood, or one number for both.
        beta: Steepness of the estimated gradient at the start.
        learn_beta: Trains beta (one for the layer), which is kept from turning negative.
        use_bias: Trains one bias per channel, which is a threshold of that channel.
        kernel_initializer: "centre_tap" starts as the plain sign of each pixel; or any Keras initializer, such as
            "glorot_uniform".
        kernel_regularizer: Any Keras regularizer.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, height, width, channels] in and out.

    Raises:
        ValueError: Inputs without exactly these four axes, a kernel size below 1, or a beta that is not positive.

    Source:
        Falkena, Jamali-Rad and van Gemert, "LAB: Learnable Activation Binarizer for Binary Neural Networks", WACV
        2023, https://arxiv.org/abs/2210.13858; https://github.com/sfalkena/LAB. Their reshape of the two responses
        pairs different channels; the paper's pairing is followed here.
    """

    precision = 1
    trained_weights = ("depthwise_kernel", "bias", "beta")

    def __init__(
        self,
        kernel_size: int | tuple[int, int] = 3,
        beta: float = 1.0,
        learn_beta: bool = True,
        use_bias: bool = True,
        kernel_initializer="centre_tap",
        kernel_regularizer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        if len(self.kernel_size) != 2 or min(self.kernel_size) < 1:
            raise ValueError(
                f"LearnableActivationBinarizer: kernel_size must be one or two numbers from 1 up, but is {kernel_size}."
            )
        if not beta > 0:
            raise ValueError(f"LearnableActivationBinarizer: beta must be positive, but is {beta}.")
        self.initial_beta = beta
        self.learn_beta = learn_beta
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(
            CentreTap() if kernel_initializer == "centre_tap" else kernel_initializer
        )
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)

    def build(self, input_shape):
        shape = tuple(input_shape)
        if len(shape) != 4 or shape[-1] is None:
            raise ValueError(
                f"LearnableActivationBinarizer {self.name!r} convolves over images and needs inputs of shape "
                f"[batch, height, width, channels] with known channels, but got {shape}. For inputs without height and "
                "width use another input quantizer, such as 'ste_sign'."
            )
        self.channels = channels = shape[-1]
        self.input_spec = keras.layers.InputSpec(ndim=4)
        self.depthwise_kernel = self.add_weight(
            name="depthwise_kernel",
            shape=(*self.kernel_size, channels, 1),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
        )
        self.bias = self.add_weight(name="bias", shape=(channels,), initializer="zeros") if self.use_bias else None
        self.beta = self.add_weight(
            name="beta",
            shape=(),
            initializer=keras.initializers.Constant(self.initial_beta),
            trainable=self.learn_beta,
            constraint="non_neg",
        )
        super().build(input_shape)

    def call(self, inputs):
        kernel = ops.cast(self.depthwise_kernel, inputs.dtype)
        response = ops.depthwise_conv(inputs, kernel, 1, "same", "channels_last")
        if self.bias is not None:
            response = response + ops.cast(self.bias, inputs.dtype)
        return tanh_sign(response, ops.cast(self.beta, inputs.dtype))

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "beta": self.initial_beta,
            "learn_beta": self.learn_beta,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }

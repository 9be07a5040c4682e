"""Log-gradients: each pixel's neighbours compared by the ratio of their intensities, in one or 1.5 bits."""

from __future__ import annotations

import numpy as np

from larq_focal.nn import Tensor, keras, ops, register

Neighbours = tuple[Tensor, Tensor]


@register()
class LogGradient(keras.layers.Layer):
    """The gradient of log intensities along both axes, cut to {-1, +1} or {-1, 0, +1}.

    With the intensities I1 and I2 of a pixel's right and left (below and above) neighbours, G = log I1 - log I2, and
    the threshold T,

        one bit:     +1 if G >= T else -1
        1.5 bits:    +1 if G > T,  -1 if G < -T,  else 0

    No logarithm is taken: G > T is I1 > exp(T) * I2, which also has a meaning for black pixels. A change of exposure
    scales both sides, and changes nothing.

    Output channels are those along the width, then those along the height. At one bit it converts to slices, MUL and
    SUB before the packing. At 1.5 bits a :class:`BinarySumConv2D` behind it keeps the convolution binary.

    Args:
        threshold: T, in natural logarithms; 0.1 is a ratio of 1.105.
        bits: 1 or 1.5.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, height, width, channels] in, linear intensities, not negative;
        [batch, height - 2, width - 2, 2 * channels] out.

    Raises:
        ValueError: Other bits, a negative threshold with 1.5 bits, or inputs smaller than 3x3.

    Source:
        Lu and Murmann, "Improving the Energy Efficiency and Robustness of tinyML Computer Vision Using Log-Gradient
        Input Images", tinyML Research Symposium 2022, https://arxiv.org/abs/2203.02571. The pairs of pixels are those
        of a central difference.
    """

    def __init__(self, threshold: float = 0.1, bits: float = 1.5, **kwargs):
        super().__init__(**kwargs)
        if bits not in (1, 1.5):
            raise ValueError(f"LogGradient: bits must be 1 or 1.5, but is {bits}.")
        if bits == 1.5 and not threshold >= 0:
            raise ValueError(f"LogGradient: threshold must not be negative at 1.5 bits, but is {threshold}.")
        self.threshold = threshold
        self.bits = bits

    def build(self, input_shape):
        shape = tuple(input_shape)
        if len(shape) != 4 or any(size is not None and size < 3 for size in shape[1:3]):
            raise ValueError(
                f"LogGradient {self.name!r} compares the neighbours of pixels and needs inputs of shape [batch, "
                f"height, width, channels] with a height and width from 3 up, but got {shape}."
            )
        super().build(input_shape)

    def call(self, inputs):
        first, second = self.neighbours(inputs)
        one, ratio = ops.ones((), inputs.dtype), ops.convert_to_tensor(np.exp(self.threshold), inputs.dtype)
        if self.bits == 1:
            return ops.where(first >= ratio * second, one, -one)
        # Two signs, because the converter packs nothing else; where neither is larger, they cancel.
        is_larger, is_smaller = first > ratio * second, second > ratio * first
        return (ops.where(is_larger, one, -one) - ops.where(is_smaller, one, -one)) / 2

    @staticmethod
    def neighbours(image: Tensor) -> Neighbours:
        """The pixels right of (below) and left of (above) those that have all four neighbours, both axes stacked."""
        right, left = image[:, 1:-1, 2:], image[:, 1:-1, :-2]
        below, above = image[:, 2:, 1:-1], image[:, :-2, 1:-1]
        return ops.concatenate([right, below], axis=-1), ops.concatenate([left, above], axis=-1)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height and height - 2, width and width - 2, 2 * channels)

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold, "bits": self.bits}

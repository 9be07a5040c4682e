"""Convolutions of a few levels as sums of binary ones, without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from larq_focal.keras import larq, tf


def sign_planes(x: tf.Tensor, planes: Sequence[tf.Tensor], factors: Sequence[float]) -> list[tf.Tensor]:
    """``planes``, with the gradient of what they stand for: x = constant + sum of factor * plane.

    Where y = sum of factor * f(plane) for a linear f, each plane's gradient over its factor is the one of ``x``.
    """

    @tf.custom_gradient
    def straight_through(x):
        def grad(*upstream):
            return tf.add_n([each / factor for each, factor in zip(upstream, factors, strict=True)]) / len(factors)

        return list(planes), grad

    return straight_through(x)


class SignPlanesConv2D(larq.layers.QuantConv2D):
    """A convolution whose inputs are written as an offset and a sum of sign planes, a binary convolution for each.

    Subclasses write the inputs, so that the value of the padding is +1 in each plane.
    """

    offset: float
    """What is added to the sum of the planes to give the inputs."""
    factors: tuple[float, ...]
    """What each plane is multiplied by."""

    def input_planes(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        """The planes, each in the form that the converter packs."""
        raise NotImplementedError

    def kernel_planes(self, kernel: tf.Tensor) -> list[tf.Tensor]:
        """Kernels that add up to ``kernel``, with one magnitude in each output channel."""
        return [kernel]

    def convolution_op(self, inputs, kernel):
        planes = sign_planes(inputs, self.input_planes(inputs), self.factors)
        padding = self.padding.upper()
        if padding == "SAME":
            pads = self._get_padding_same(inputs)
            planes, padding = [tf.pad(plane, pads, constant_values=1) for plane in planes], "VALID"
        terms = []
        for plane, factor in zip(planes, self.factors, strict=True):
            for kernel_plane in self.kernel_planes(kernel):
                product = tf.nn.conv2d(plane, kernel_plane, self.strides, padding, dilations=self.dilation_rate)
                terms.append(product if factor == 1 else product * tf.constant(factor, product.dtype))
        if self.offset:
            terms[0] += self.offset * tf.reduce_sum(kernel, [0, 1, 2])
        return tf.add_n(terms) if len(terms) > 1 else terms[0]


@larq.utils.register_keras_custom_object
class BinarySumConv2D(SignPlanesConv2D):
    """A ``QuantConv2D`` of inputs or kernels with a few levels, computed by binary convolutions.

    It computes what ``QuantConv2D`` with the same arguments computes, exactly where that is exact (integers), and has
    the same gradients. But the converter of the Larq Compute Engine would leave that one a float convolution, whereas
    this one becomes (input levels - 1) * (kernel levels - 1) binary convolutions and their sum:

        inputs 0, 1:        conv(x, W) = (sum(W) - conv(b, W)) / 2                 b = -1 where x is 1, else +1
        inputs -1, 0, +1:   conv(x, W) = (conv(b1, W) - conv(b2, W)) / 2           b1 = x > -1/2, b2 = x < 1/2
        kernel -s, 0, +s:   conv(x, W) = conv(x, K1) + conv(x, K2)                 K1, K2 = +-s/2

    The planes are turned so that the padding, which is 0 in x, is +1 in each, which packed convolutions want.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width, or one number for both.
        input_levels: All values of the quantized inputs, rising. With ``padding="same"``, ``pad_values`` is one.
        kernel_levels: All values of the quantized kernel, rising, relative to the largest magnitude in its output
            channel, and the same with the other sign.
        **kwargs: As for ``QuantConv2D``. For ternary inputs use ``ternary_sign``: the converter takes Larq's
            ``ste_tern`` for a sign.

    Shapes:
        Those of ``QuantConv2D``, channels last.

    Raises:
        ValueError: Levels that do not rise, a padding that is no level, kernel levels without their negatives, or
            channels first.

    Source:
        Wan et al., "TBN", ECCV 2018, for ternary inputs. Written as an offset and a sum, each is an identity.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        input_levels: Sequence[float] = (-1, 1),
        kernel_levels: Sequence[float] = (-1, 1),
        **kwargs,
    ):
        super().__init__(filters, kernel_size, **kwargs)
        self.input_levels = tuple(map(float, input_levels))
        self.kernel_levels = tuple(map(float, kernel_levels))
        for name in ("input_levels", "kernel_levels"):
            levels = getattr(self, name)
            if len(levels) < 2 or any(np.diff(levels) <= 0):
                raise ValueError(f"BinarySumConv2D: {name} must be two or more rising numbers, but is {levels}.")
        if self.kernel_levels != tuple(-level for level in reversed(self.kernel_levels)):
            raise ValueError(
                f"BinarySumConv2D: kernel_levels must hold each level with both signs, but is {self.kernel_levels}."
            )
        pad = float(self.pad_values)
        if self.padding == "same" and pad not in self.input_levels:
            raise ValueError(
                f"BinarySumConv2D: padding='same' pads with pad_values={pad:g}, which is none of the input_levels "
                f"{self.input_levels}: use padding='valid', or pad_values={self.input_levels[-1]:g}."
            )
        if self.data_format != "channels_last":
            raise ValueError("BinarySumConv2D: data_format must be 'channels_last'.")
        base = pad if pad in self.input_levels else self.input_levels[-1]
        self._middles = (np.array(self.input_levels[1:]) + self.input_levels[:-1]) / 2
        halves = np.diff(self.input_levels) / 2
        self.factors = tuple(np.where(self._middles < base, halves, -halves).tolist())
        self.offset = base - sum(self.factors)

    def input_planes(self, inputs):
        one = tf.constant(1, inputs.dtype)
        return [
            tf.where(inputs > middle if factor > 0 else inputs < middle, one, -one)
            for middle, factor in zip(self._middles.tolist(), self.factors, strict=True)
        ]

    def kernel_planes(self, kernel):
        if len(self.kernel_levels) == 2:
            return [kernel]
        levels = np.array(self.kernel_levels) / self.kernel_levels[-1]
        largest = tf.stop_gradient(tf.reduce_max(tf.abs(kernel), [0, 1, 2]))
        scale = tf.where(largest > 0, largest, 1)  # where all are 0, the planes cancel
        planes = []
        for low, high in pairwise(levels):
            magnitude = scale * ((high - low) / 2)
            planes.append(tf.where(kernel > scale * ((low + high) / 2), magnitude, -magnitude))
        return sign_planes(kernel, planes, [1.0] * len(planes))

    def get_config(self):
        return {**super().get_config(), "input_levels": self.input_levels, "kernel_levels": self.kernel_levels}


@larq.utils.register_keras_custom_object
class BitPlaneConv2D(SignPlanesConv2D):
    """A convolution of integers with a binary kernel, as one binary convolution for each bit of the input.

        conv(x, W) = (2^bits - 1) / 2 * sum(W) - sum over i of 2^(i-1) conv(b_i, W),  b_i = -1 where bit i is set

    It computes what ``QuantConv2D`` without an input quantizer computes on integers from 0 to 2^bits - 1, exactly while
    the sums stay below 2^24, and so makes a first layer binary that sees 8-bit pixels. All planes share one kernel.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width, or one number for both.
        bits: Of each input value, 1 to 16.
        **kwargs: As for ``QuantConv2D``, but for the input quantizer and ``pad_values``, which are none and 0.

    Shapes:
        Those of ``QuantConv2D``, channels last.

    Raises:
        ValueError: Other bits, an input quantizer, padding with other values than 0, or channels first.

    Source:
        Pedersoli, Tzanetakis and Tagliasacchi, "Espresso: Efficient Forward Propagation for Binary Deep Neural
        Networks", ICLR 2018, https://arxiv.org/abs/1705.07175.
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], bits: int = 8, **kwargs):
        super().__init__(filters, kernel_size, **kwargs)
        if not 1 <= bits <= 16:
            raise ValueError(f"BitPlaneConv2D: bits must be from 1 to 16, but is {bits}.")
        if self.input_quantizer is not None:
            raise ValueError("BitPlaneConv2D: input_quantizer must be None, because the inputs are integers.")
        if float(self.pad_values) != 0:
            raise ValueError(f"BitPlaneConv2D: pad_values must be 0, but is {self.pad_values}.")
        if self.data_format != "channels_last":
            raise ValueError("BitPlaneConv2D: data_format must be 'channels_last'.")
        self.bits = bits
        self.factors = tuple(-(2.0 ** (bit - 1)) for bit in range(bits))
        self.offset = (2**bits - 1) / 2

    def input_planes(self, inputs):
        one = tf.constant(1, inputs.dtype)
        shifted = [inputs * 0.5 ** (bit + 1) for bit in range(self.bits)]  # bit i is the first one behind the point
        return [tf.where(each - tf.floor(each) < 0.5, one, -one) for each in shifted]

    def get_config(self):
        return {**super().get_config(), "bits": self.bits}

"""Bit planes: integer pixels as binary channels, one for each bit."""

from __future__ import annotations

import numpy as np

from larq_focal.nn import keras, ops, register


@register()
class BitPlanes(keras.layers.Layer):
    """Writes integers from 0 to 2^bits - 1 as signs: +1 where a bit is set, -1 where it is not.

    With b_i the signs of bit i, x = sum over i of 2^(i-1) b_i + (2^bits - 1) / 2.

    Output channel i * channels + c is bit i of input channel c, the least significant first. It converts to
    CONCATENATION, MUL, FLOOR and two SUB before the packing. :class:`BitPlaneConv2D` convolves integers with one
    binary kernel by way of these planes, without rounding.

    Args:
        bits: Of each input value, 1 to 24.
        **kwargs: As for any Keras layer.

    Shapes:
        [..., channels] in, floats with whole values; [..., bits * channels] out.

    Raises:
        ValueError: A number of bits that float32 cannot hold.

    Source:
        Pedersoli, Tzanetakis and Tagliasacchi, "Espresso: Efficient Forward Propagation for Binary Deep Neural
        Networks", ICLR 2018, https://arxiv.org/abs/1705.07175; https://github.com/fpeder/espresso.
    """

    def __init__(self, bits: int = 8, **kwargs):
        super().__init__(**kwargs)
        if not 1 <= bits <= 24:
            raise ValueError(f"BitPlanes: bits must be from 1 to 24, which float32 holds exactly, but is {bits}.")
        self.bits = bits

    def call(self, inputs):
        one = ops.ones((), inputs.dtype)
        copies = ops.concatenate([inputs] * self.bits, axis=-1)
        halves = np.repeat(0.5 ** np.arange(1, self.bits + 1), inputs.shape[-1])
        shifted = copies * ops.convert_to_tensor(halves, inputs.dtype)  # bit i is the first one behind the point
        return ops.where(shifted - ops.floor(shifted) >= 0.5, one, -one)

    def compute_output_shape(self, input_shape):
        *others, channels = input_shape
        return (*others, channels * self.bits)

    def get_config(self):
        return {**super().get_config(), "bits": self.bits}

"""Convolutions of a few levels as sums of binary ones, without rounding."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from larq_focal.layers.sign_planes import SignPlanesConv2D, sign_planes
from larq_focal.nn import ops, register


@register()
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
        ValueError: Levels that do not rise, a padding that is not a level, kernel levels without their negatives, or
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
        one = ops.ones((), inputs.dtype)
        return [
            ops.where(inputs > middle if factor > 0 else inputs < middle, one, -one)
            for middle, factor in zip(self._middles.tolist(), self.factors, strict=True)
        ]

    def kernel_planes(self, kernel):
        if len(self.kernel_levels) == 2:
            return [kernel]
        levels = [level / self.kernel_levels[-1] for level in self.kernel_levels]  # plain numbers, which change no type
        largest = ops.stop_gradient(ops.max(ops.abs(kernel), (0, 1, 2)))
        scale = ops.where(largest > 0, largest, 1)  # where all are 0, the planes cancel
        planes = []
        for low, high in pairwise(levels):
            magnitude = scale * ((high - low) / 2)
            planes.append(ops.where(kernel > scale * ((low + high) / 2), magnitude, -magnitude))
        return sign_planes(kernel, planes, [1.0] * len(planes))

    def get_config(self):
        return {**super().get_config(), "input_levels": self.input_levels, "kernel_levels": self.kernel_levels}

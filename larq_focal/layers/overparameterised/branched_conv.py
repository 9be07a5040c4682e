"""A real-valued convolution of parallel branches, each with its normalisation: one convolution in inference."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal.layers.overparameterised.branched_kernel import centred
from larq_focal.layers.overparameterised.parallel_normalization import folded_normalization
from larq_focal.nn import Layer, Tensor, added, keras, ops, register
from larq_focal.quantizers.parts.channels import fix_channels


@register()
class BranchedConv2D(Layer):
    """Trains a convolution, a 1x1 convolution and, where shapes allow, the identity; each batch-normalised, and added.

    For the real-valued layers of a binary network: the stem, and convolutions in shortcuts. In inference it is one
    convolution with a bias, which :func:`larq_focal.training.fold` makes of it. The identity is a branch where the
    stride is 1 and there are as many inputs as filters.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the kernel, odd, or one number for both.
        strides: Along both, or one number for both.
        momentum: Of the normalisations' moving averages.
        epsilon: Of the normalisations.
        **kwargs: As for any Keras layer.

    Shapes:
        [batch, height, width, channels] in; out with ``filters``, the height and width that padding with zeros keeps,
        by the strides.

    Raises:
        ValueError: An even kernel size, or inputs without known channels.

    Source:
        Ding, Zhang, Ma, Han, Ding and Sun, "RepVGG: Making VGG-style ConvNets Great Again", CVPR 2021,
        https://arxiv.org/abs/2101.03697.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int] = 3,
        strides: int | tuple[int, int] = 1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = _pair(kernel_size)
        self.strides = _pair(strides)
        self.momentum = momentum
        self.epsilon = epsilon
        if not all(size % 2 for size in self.kernel_size):
            raise ValueError(f"BranchedConv2D: kernel_size must be odd, for a middle, but is {self.kernel_size}.")

    def build(self, input_shape):
        channels = fix_channels(self, input_shape)
        self.kernels = [self._kernel("kernel", self.kernel_size, channels), self._kernel("point", (1, 1), channels)]
        self.has_identity = self.strides == (1, 1) and channels == self.filters
        options = {"momentum": self.momentum, "epsilon": self.epsilon}
        branches = ("kernel", "point", "identity")[: 2 + self.has_identity]
        self.normalizations = [
            keras.layers.BatchNormalization(**options, name=f"{branch}_normalization") for branch in branches
        ]
        for each in self.normalizations:
            each.build((*tuple(input_shape)[:-1], self.filters))
        super().build(input_shape)

    def _kernel(self, name: str, size: tuple[int, int], channels: int):
        return self.add_weight(name=name, shape=(*size, channels, self.filters), initializer="glorot_uniform")

    def call(self, inputs, training=None):
        convolved = [self._convolved(inputs, ops.convert_to_tensor(kernel)) for kernel in self.kernels]
        branches = [*convolved, inputs] if self.has_identity else convolved
        pairs = zip(self.normalizations, branches, strict=True)
        return added([normalization(branch, training=training) for normalization, branch in pairs])

    def _convolved(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """Also of a 1x1 kernel as one of the whole size, which sees the pixel that the whole kernel's middle sees."""
        kernel = ops.cast(centred(kernel, self.kernel_size), inputs.dtype)
        return ops.conv(inputs, kernel, strides=self.strides, padding="same", data_format="channels_last")

    def folded(self) -> tuple[Tensor, Tensor]:
        """The kernel [height, width, input channels, filters] and the bias [filters] of inference."""
        kernels = [centred(ops.convert_to_tensor(each), self.kernel_size) for each in self.kernels]
        if self.has_identity:
            identity = np.eye(self.filters, dtype=np.float32)[None, None]
            kernels.append(centred(ops.convert_to_tensor(identity), self.kernel_size))
        scales, shifts = zip(*map(folded_normalization, self.normalizations), strict=True)
        return added([scale * kernel for scale, kernel in zip(scales, kernels, strict=True)]), added(shifts)

    def compute_output_shape(self, input_shape):
        batch, *sizes, _ = tuple(input_shape)
        sizes = [size and -(-size // stride) for size, stride in zip(sizes, self.strides, strict=True)]
        return (batch, *sizes, self.filters)

    def get_config(self):
        names = ("filters", "kernel_size", "strides", "momentum", "epsilon")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _pair(value: int | tuple[int, int] | list[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)

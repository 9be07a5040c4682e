"""Operations that hold kernels: convolutions and dense layers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from larq_focal.network.conv_arithmetic import dilated
from larq_focal.network.kernel import Kernel
from larq_focal.network.ops.base import NotElementwise, Padding, Pair, Shape
from larq_focal.network.ops.numbers import Numbers, numbers_of_kernel

Triple = tuple[int, int, int]


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighted(NotElementwise):
    """What all layers with a kernel share.

    ``input_quantizer`` and ``kernel_quantizer`` name the quantizers that the layer asked for ("" for none), and
    ``declared_bits`` the (input, kernel) precision that they claim; what a layer really got is told by the bits of
    its input value and of ``kernel``.
    """

    kernel: Kernel
    bias: np.ndarray | None = None
    input_quantizer: str = ""
    kernel_quantizer: str = ""
    declared_bits: tuple[int | None, int | None] = (None, None)

    @property
    def intended_binary(self) -> bool:
        return self.declared_bits == (1, 1)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference; products with padding count as any other."""
        return int(np.prod(self.shape)) * self.kernel.fan_in

    @property
    def kernel_groups(self) -> int:
        """Groups of channels that do not mix."""
        return 1

    def numbers(self):
        bias = () if self.bias is None else (Numbers.all_of(self.bias),)
        return (*numbers_of_kernel(self.kernel), *bias)

    def products(self, input_bits, input_shapes):
        return Counter({(self.kernel.bits, input_bits[0]): self.macs})

    def steps_per_element(self, input_shapes):
        return {"add": int(self.bias is not None), "multiply": int(self.kernel.stored_scales > 0)}

    def fault(self, input_shapes: tuple[Shape, ...]) -> str | None:
        groups, channels = self.kernel_groups, input_shapes[0][-1]
        if channels != self.kernel.shape[-2] * groups or self.shape[-1] != self.kernel.shape[-1]:
            return (
                f"has a kernel of shape {self.kernel.shape}, which does not map {channels} channels to "
                f"{self.shape[-1]}."
            )
        if self.shape[-1] % groups:
            return f"has {self.shape[-1]} output channels, which do not divide into {groups} groups."
        return None


class Linear(Weighted):
    """Two-dimensional convolutions and dense layers, which the passes and the targets know."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv2D(Linear):
    """A convolution; depthwise where ``groups`` equals the input channels.

    ``kernel`` is ``[kh, kw, in / groups, out]`` with output channels ordered by group (for a depthwise layer:
    ``channel * multiplier + m``). ``pad_value`` stands outside the image where ``padding`` is "same", which pads
    as TensorFlow does (the odd pixel at the bottom and right).
    """

    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = "valid"
    pad_value: float = 0.0
    groups: int = 1

    @property
    def is_depthwise(self) -> bool:
        return self.groups > 1 and self.kernel.shape[2] == 1

    @property
    def kernel_groups(self) -> int:
        return self.groups


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(Linear):
    """Matrix product over the last axis; ``kernel`` is ``[in, out]``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv2DTranspose(Weighted):
    """A transposed convolution: every pixel of the input adds its multiple of the kernel to the output.

    ``kernel`` is ``[kh, kw, in, out]``. The pixel (i, j) is laid at (i, j) * strides; "same" cuts off what the
    convolution from ``shape`` back to the input would pad, "valid" nothing. Its multiply-accumulates are those of the
    convolution over the image with zeros between the pixels, as Larq counts them.
    """

    strides: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = "valid"

    def shape_fault(self, input_shapes):
        """The convolution from the stated shape must lead back to the shape of the input."""
        window = dilated(self.kernel.shape[:2], self.dilation)
        reach = (1, 1) if self.padding == "same" else window
        back = tuple(
            (size - extent) // stride + 1 for size, extent, stride in zip(self.shape, reach, self.strides, strict=False)
        )
        if back == tuple(input_shapes[0][:2]):
            return None
        return f"the convolution from {self.shape} gives {back}, not {tuple(input_shapes[0][:2])}"


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv3D(Weighted):
    """A convolution over depth, height and width; ``kernel`` is ``[kd, kh, kw, in / groups, out]``.

    Padding and groups are those of ``Conv2D``.
    """

    strides: Triple = (1, 1, 1)
    dilation: Triple = (1, 1, 1)
    padding: Padding = "valid"
    pad_value: float = 0.0
    groups: int = 1

    @property
    def kernel_groups(self) -> int:
        return self.groups


@dataclass(frozen=True, eq=False, kw_only=True)
class LocallyConnected2D(Weighted):
    """A "valid" convolution with a kernel for each output pixel: ``[oh, ow, kh, kw, in, out]``; ``bias`` broadcasts."""

    strides: Pair = (1, 1)

    @property
    def macs(self) -> int:
        return self.kernel.size

    def fault(self, input_shapes):
        if self.kernel.shape[:2] != self.shape[:2]:
            return f"has kernels for {self.kernel.shape[:2]} pixels, but its value has the shape {self.shape}."
        return super().fault(input_shapes)

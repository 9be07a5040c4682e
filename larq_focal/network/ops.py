"""The operations of a QuantGraph. Each produces one value; shapes leave the batch axis out: (height, width, channels).

Operations only describe. What they compute is written in ``interpret.py``, what they cost in ``larq_focal.cost``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from larq_focal.network.kernel import FLOAT_BITS, Kernel

Shape = tuple[int, ...]
Pair = tuple[int, int]
Padding = Literal["same", "valid"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Op:
    """Base of all operations.

    ``name`` is unique and names the value that the operation produces; ``inputs`` are names of earlier operations;
    ``shape`` is the produced shape; ``origin`` is the Keras layer or flatbuffer tensor that it was read from.
    """

    name: str
    inputs: tuple[str, ...] = ()
    shape: Shape
    origin: str = ""

    def value_bits(self, input_bits: tuple[int, ...]) -> int:
        """Bits of one element of the produced value, given those of the inputs."""
        return FLOAT_BITS


class _KeepsLevels(Op):
    """An operation that only moves or selects elements, so that k-level values stay k-level."""

    def value_bits(self, input_bits: tuple[int, ...]) -> int:
        return max(input_bits)


@dataclass(frozen=True, eq=False, kw_only=True)
class Input(Op):
    """A network input; ``bits`` is 8 where the user feeds 8-bit integers, else 32."""

    bits: int = FLOAT_BITS

    def value_bits(self, input_bits):
        return self.bits


@dataclass(frozen=True, eq=False, kw_only=True)
class Binarize(Op):
    """+1 where ``x >= threshold``, else -1; in a flipped channel +1 where ``x <= threshold``, else -1.

    ``threshold`` broadcasts against the value (scalar, ``[C]`` or ``[H, W, C]``); infinite thresholds give a
    constant sign. ``flip`` is boolean ``[C]``, or None for no flipped channel.
    """

    threshold: np.ndarray
    flip: np.ndarray | None = None

    def value_bits(self, input_bits):
        return 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantize(Op):
    """An element-wise step function: ``levels[number of boundaries <= x]``.

    ``levels`` is ascending, float32 ``[k]``; ``boundaries`` is ascending, float32 ``[k - 1]``.
    """

    levels: np.ndarray
    boundaries: np.ndarray

    def value_bits(self, input_bits):
        return max(1, int(np.ceil(np.log2(len(self.levels)))))


@dataclass(frozen=True, eq=False, kw_only=True)
class UniformQuantize(Op):
    """Rounds to ``(q - zero_point) * scale`` with q an integer of ``bits`` bits (TFLite's int8 and its kin).

    ``scale`` and ``zero_point`` are numbers; q runs over the signed range if ``signed``, else from 0.
    """

    scale: float
    zero_point: int = 0
    bits: int = 8
    signed: bool = True

    def value_bits(self, input_bits):
        return self.bits


@dataclass(frozen=True, eq=False, kw_only=True)
class Linear(Op):
    """What convolutions and dense layers share.

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
        """Multiply-accumulates of one inference."""
        return int(np.prod(self.shape)) * self.kernel.fan_in


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(Linear):
    """Matrix product over the last axis; ``kernel`` is ``[in, out]``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Affine(Op):
    """``(x - mean) * scale + bias`` per channel, in this order: an inferring batch normalisation.

    Arrays ``[C]``; where a constant varies over the pixels, all three are ``[H, W, C]``.
    """

    mean: np.ndarray
    scale: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool2D(Op):
    """Max or average pooling; padding pixels are left out of maximum and average, as in TensorFlow."""

    kind: Literal["max", "average"]
    size: Pair
    strides: Pair
    padding: Padding = "valid"

    def value_bits(self, input_bits):
        return input_bits[0] if self.kind == "max" else FLOAT_BITS


@dataclass(frozen=True, eq=False, kw_only=True)
class GlobalPool(Op):
    """Maximum or average over height and width; ``keep_dims`` keeps them as 1."""

    kind: Literal["max", "average"]
    keep_dims: bool = False

    def value_bits(self, input_bits):
        return input_bits[0] if self.kind == "max" else FLOAT_BITS


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(Op):
    """Element-wise sum of its inputs, with broadcasting."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Multiply(Op):
    """Element-wise product of its inputs, with broadcasting (gates, scale maps)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Activation(Op):
    """An element-wise function by its Keras name, or softmax over the last axis.

    ``kind``: relu, relu6, relu_n1_to_1 (clip to [-1, 1]), clip, prelu, leaky_relu, sigmoid, hard_sigmoid, tanh,
    softmax, abs, square, sqrt, floor. ``alpha`` holds the slopes of prelu (``[C]`` or broadcastable) and leaky_relu
    (scalar), and the lower and upper limit of clip (``[2]``).
    """

    kind: str
    alpha: np.ndarray | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Concat(_KeepsLevels):
    """Concatenation over ``axis`` (counted without the batch axis; -1 is the channels)."""

    axis: int = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(_KeepsLevels):
    """Adds elements of ``value``: ``pads`` is (before, after) for every axis but the batch."""

    pads: tuple[Pair, ...]
    value: float = 0.0

    def value_bits(self, input_bits):
        adds_a_level = input_bits[0] == 1 and abs(self.value) != 1
        return 2 if adds_a_level else input_bits[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(_KeepsLevels):
    """``shape`` elements from ``begin`` on, ``strides`` apart, on every axis but the batch."""

    begin: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(_KeepsLevels):
    """The same elements in another shape (flatten, squeeze, expand), in row-major order."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Unknown(Op):
    """Something that was read but not understood; ``kind`` names it. The interpreter refuses it, costs list it."""

    kind: str


OPS: dict[str, type[Op]] = {
    op.__name__: op
    for op in (
        Input,
        Binarize,
        Quantize,
        UniformQuantize,
        Conv2D,
        Dense,
        Affine,
        Pool2D,
        GlobalPool,
        Add,
        Multiply,
        Activation,
        Concat,
        Pad,
        Slice,
        Reshape,
        Unknown,
    )
}

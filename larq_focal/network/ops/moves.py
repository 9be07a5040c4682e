"""Operations that move, select or pool elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.network.ops.base import KeepsLevels, Op, Padding, Pair


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
class Concat(KeepsLevels):
    """Concatenation over ``axis`` (counted without the batch axis; -1 is the channels)."""

    axis: int = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(KeepsLevels):
    """Adds elements of ``value``: ``pads`` is (before, after) for every axis but the batch."""

    pads: tuple[Pair, ...]
    value: float = 0.0

    def value_bits(self, input_bits):
        adds_a_level = input_bits[0] == 1 and abs(self.value) != 1
        return 2 if adds_a_level else input_bits[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(KeepsLevels):
    """``shape`` elements from ``begin`` on, ``strides`` apart, on every axis but the batch."""

    begin: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(KeepsLevels):
    """The same elements in another shape (flatten, squeeze, expand), in row-major order."""

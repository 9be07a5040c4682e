"""Operations that move, select or pool elements."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

from larq_focal.network.ops.base import Padding, Pair, Weightless


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool(Weightless):
    """What poolings share; a maximum selects elements, an average computes."""

    kind: Literal["max", "average"]

    works_in_place = False
    is_monotonic = True
    constant_axes = None

    @property
    def moves_elements(self):
        return self.kind == "max"

    def _steps(self, window: int) -> dict[str, int]:
        return {"compare": window - 1} if self.kind == "max" else {"add": window - 1, "multiply": 1}


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool2D(Pool):
    """Max or average pooling; padding pixels are left out of maximum and average, as in TensorFlow."""

    size: Pair
    strides: Pair
    padding: Padding = "valid"

    def steps_per_element(self, input_shapes):
        return self._steps(self.size[0] * self.size[1])


@dataclass(frozen=True, eq=False, kw_only=True)
class GlobalPool(Pool):
    """Maximum or average over height and width; ``keep_dims`` keeps them as 1."""

    keep_dims: bool = False

    def steps_per_element(self, input_shapes):
        return self._steps(prod(input_shapes[0]) // prod(self.shape))


class Move(Weightless):
    """An operation that only moves or selects elements, so that k-level values stay k-level; it counts as nothing."""

    moves_elements = True
    works_in_place = False
    is_monotonic = True
    constant_axes = None

    def steps_per_element(self, input_shapes):
        return {}


@dataclass(frozen=True, eq=False, kw_only=True)
class Concat(Move):
    """Concatenation over ``axis`` (counted without the batch axis; -1 is the channels)."""

    axis: int = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class Pad(Move):
    """Adds elements of ``value``: ``pads`` is (before, after) for every axis but the batch."""

    pads: tuple[Pair, ...]
    value: float = 0.0

    def value_bits(self, input_bits):
        adds_a_level = input_bits[0] == 1 and abs(self.value) != 1
        return 2 if adds_a_level else input_bits[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Slice(Move):
    """``shape`` elements from ``begin`` on, ``strides`` apart, on every axis but the batch."""

    begin: tuple[int, ...]
    strides: tuple[int, ...]

    def shape_fault(self, input_shapes):
        for begin, stride, size, available in zip(self.begin, self.strides, self.shape, input_shapes[0], strict=True):
            last = begin + stride * (size - 1)
            if size < 1 or not (0 <= begin < available and 0 <= last < available):
                return f"it takes {size} elements from {begin} on in steps of {stride}, of {available}"
        return None


@dataclass(frozen=True, eq=False, kw_only=True)
class Reshape(Move):
    """The same elements in another shape (flatten, squeeze, expand), in row-major order."""

    works_in_place = True

    def shape_fault(self, input_shapes):
        if prod(self.shape) == prod(input_shapes[0]):
            return None
        return f"{input_shapes[0]} has another number of elements than {self.shape}"

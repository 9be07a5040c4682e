"""Element-wise arithmetic and functions, and what normalises."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from larq_focal.network.ops.base import NotElementwise, Op, Weightless
from larq_focal.network.ops.numbers import Numbers

Constant = Literal["mean", "scale", "bias"]

_STEPS: dict[str, dict[str, int]] = {
    "relu": {"compare": 1},
    "relu6": {"compare": 2},
    "relu_n1_to_1": {"compare": 2},
    "clip": {"compare": 2},
    "prelu": {"compare": 1, "multiply": 1},
    "leaky_relu": {"compare": 1, "multiply": 1},
    "hard_sigmoid": {"multiply": 1, "add": 1, "compare": 2},
    "square": {"multiply": 1},
    "floor": {"round": 1},
}
"""Scalar operations of activations; others count as one of their name."""
_RISING = frozenset({"relu", "relu6", "relu_n1_to_1", "clip", "hard_sigmoid", "floor"})
_LARGEST = {"abs": np.inf, "square": np.inf, "sqrt": np.inf, "softmax": 1.0}
"""The most that functions give whose results are at least 0."""


class Elementwise(Op):
    """An operation that computes each element of its value from the elements at the same place of its inputs."""

    moves_elements = False

    def products(self, input_bits, input_shapes):
        return Counter()


@dataclass(frozen=True, eq=False, kw_only=True)
class Affine(Elementwise):
    """``(x - mean) * scale + bias`` per channel, in this order: an inferring batch normalisation.

    Arrays ``[C]``; where a constant varies over the pixels, all three are ``[H, W, C]``. ``stored`` names those that
    inference has to keep in memory, whatever their values: a batch normalisation a multiplier and an offset (its mean
    goes into that), a learned shift its offset alone, a fixed factor for the whole image nothing.
    """

    mean: np.ndarray
    scale: np.ndarray
    bias: np.ndarray
    stored: tuple[Constant, ...] = ("scale", "bias")

    works_in_place = True
    is_monotonic = True

    @property
    def constant_axes(self):
        return max(np.ndim(constant) for constant in (self.mean, self.scale, self.bias))

    def numbers(self):
        return tuple(Numbers.all_of(getattr(self, name)) for name in self.stored)

    def steps_per_element(self, input_shapes):
        return {"multiply": 1, "add": 1}


@dataclass(frozen=True, eq=False, kw_only=True)
class Standardize(Weightless, NotElementwise):
    """``(x - mean) / sqrt(variance + epsilon)`` with each image's own mean and variance over ``axes``.

    ``axes`` are counted without the batch axis.
    """

    axes: tuple[int, ...]
    epsilon: float

    def steps_per_element(self, input_shapes):
        return {"add": 3, "multiply": 2}  # mean, distance and its square; the few divisions and roots are left out


class Join(Elementwise):
    """Arithmetic of two or more values, with broadcasting."""

    works_in_place = False
    constant_axes = 0

    def numbers(self):
        return ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Add(Join):
    """Element-wise sum of its inputs, with broadcasting."""

    is_monotonic = True

    def steps_per_element(self, input_shapes):
        return {"add": len(self.inputs) - 1}


@dataclass(frozen=True, eq=False, kw_only=True)
class Multiply(Join):
    """Element-wise product of its inputs, with broadcasting (gates, scale maps)."""

    is_monotonic = False  # nor is a square of one value

    def steps_per_element(self, input_shapes):
        return {"multiply": len(self.inputs) - 1}


@dataclass(frozen=True, eq=False, kw_only=True)
class Activation(Elementwise):
    """An element-wise function by its Keras name, or softmax over the last axis.

    ``kind``: relu, relu6, relu_n1_to_1 (clip to [-1, 1]), clip, prelu, leaky_relu, sigmoid, hard_sigmoid, tanh,
    softmax, abs, square, sqrt, floor. ``alpha`` holds the slopes of prelu (``[C]`` or broadcastable) and leaky_relu
    (scalar), and the lower and upper limit of clip (``[2]``).
    """

    kind: str
    alpha: np.ndarray | None = None

    works_in_place = True

    @property
    def is_monotonic(self):
        return self.kind in _RISING or (self.kind in ("prelu", "leaky_relu") and bool(np.all(self.alpha >= 0)))

    @property
    def constant_axes(self):
        if self.kind == "softmax":
            return None
        return 0 if self.kind == "clip" or self.alpha is None else np.ndim(self.alpha)

    @property
    def limits(self):
        return (0, _LARGEST[self.kind]) if self.kind in _LARGEST else super().limits

    def numbers(self):
        return (Numbers.all_of(self.alpha),) if self.kind == "prelu" else ()

    def steps_per_element(self, input_shapes):
        return _STEPS.get(self.kind, {self.kind: 1})

"""Element-wise arithmetic and functions, and what normalises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from larq_focal.network.ops.base import Op

Constant = Literal["mean", "scale", "bias"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Affine(Op):
    """``(x - mean) * scale + bias`` per channel, in this order: an inferring batch normalisation.

    Arrays ``[C]``; where a constant varies over the pixels, all three are ``[H, W, C]``. ``stored`` names those that
    inference has to keep in memory, whatever their values: a batch normalisation a multiplier and an offset (its mean
    goes into that), a learned shift its offset alone, a fixed factor for the whole image nothing.
    """

    mean: np.ndarray
    scale: np.ndarray
    bias: np.ndarray
    stored: tuple[Constant, ...] = ("scale", "bias")


@dataclass(frozen=True, eq=False, kw_only=True)
class Standardize(Op):
    """``(x - mean) / sqrt(variance + epsilon)`` with each image's own mean and variance over ``axes``.

    ``axes`` are counted without the batch axis.
    """

    axes: tuple[int, ...]
    epsilon: float


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

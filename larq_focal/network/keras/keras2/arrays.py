"""Weights of Keras 2 as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from larq_focal.keras import larq, tf
from larq_focal.messages import short

AnyQuantizer = larq.quantizers.Quantizer
"""The base of Larq's quantizers and of ours."""


def as_array(value: Any) -> np.ndarray:
    """A variable, tensor or number; a quantized variable as its layer computes with it.

    Raises:
        TypeError: something else, which a damaged file may have in its place.
    """
    with larq.context.quantized_scope(True):
        try:
            return tf.convert_to_tensor(value).numpy()
        except ValueError as error:
            raise TypeError(f"{short(value, 60)} is not a number or an array of numbers.") from error


def quantized_values(variable: Any, quantizer: Callable | None) -> np.ndarray:
    """A weight as its layer computes with it, float32. Larq's variables know their ``quantizer`` themselves."""
    return as_array(variable).astype(np.float32, copy=False)


def computed(function: Callable, values: np.ndarray) -> np.ndarray:
    """What ``function`` makes of an array."""
    return tf.convert_to_tensor(function(tf.constant(values))).numpy()


def rsqrt(values: np.ndarray) -> np.ndarray:
    """``1 / sqrt(values)`` with Keras' own rounding."""
    return computed(tf.math.rsqrt, values)


def averages_evenly(pads: Iterable[tuple[int, int]]) -> bool:
    """Whether average pooling leaves ``pads`` out of its means."""
    return True

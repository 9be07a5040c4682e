"""Weights of Keras 3 as arrays, whatever the backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from larq_focal.messages import short
from larq_focal.nn import Quantizer

AnyQuantizer = Quantizer
"""The base of all quantizers."""


def as_array(value: Any) -> np.ndarray:
    """A variable, tensor or number; those of less than 32 bits that NumPy does not have become float32.

    Raises:
        TypeError: something else, which a damaged file may have in its place.
    """
    try:
        array = np.asarray(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(value)))
    except (ValueError, RuntimeError) as error:
        raise TypeError(f"{short(value, 60)} is not a number or an array of numbers.") from error
    return array.astype(np.float32) if keras.backend.standardize_dtype(array.dtype) == "bfloat16" else array


def quantized_values(variable: Any, quantizer: Callable | None) -> np.ndarray:
    """A weight as its layer computes with it, float32: ``quantizer`` makes it of the variable."""
    values = as_array(variable).astype(np.float32, copy=False)
    return values if quantizer is None else computed(quantizer, values)


def computed(function: Callable, values: np.ndarray) -> np.ndarray:
    """What ``function`` makes of an array."""
    return as_array(function(keras.ops.convert_to_tensor(values)))


def rsqrt(values: np.ndarray) -> np.ndarray:
    """``1 / sqrt(values)`` with the rounding of the backend."""
    return computed(keras.ops.rsqrt, values)


def averages_evenly(pads: Iterable[tuple[int, int]]) -> bool:
    """Whether average pooling leaves ``pads`` out of its means: torch's counts a repeated border on uneven ones."""
    return keras.backend.backend() != "torch" or all(before == after for before, after in pads)

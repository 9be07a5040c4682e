"""Arrays as the tensors of a file take them and give them: types, quantized integers, values that do not fit."""

from __future__ import annotations

import numpy as np

from larq_focal.network.tflite.flat_model import Tensor
from larq_focal.network.tflite.read.constants import along_axis


def fed(array: np.ndarray, tensor: Tensor, name: str) -> np.ndarray:
    """``array`` in the type of an input, C-contiguous; floats for an input of integers with a scale are quantized.

    Values beyond what the integers of a quantized input stand for take the nearest of these.

    Args:
        array: of the shape of ``tensor``, with any number of samples.
        tensor: the input.
        name: of the input, for messages.

    Raises:
        ValueError: the type does not fit, or a value is not finite or too large for the type.
    """
    dtype = np.dtype(tensor.dtype)
    is_float = dtype.kind == "f" and array.dtype.kind in "fiub"
    if not (array.dtype == dtype or is_float or is_quantizing(array, tensor)):
        raise ValueError(f"The input '{name}' takes {tensor.dtype}, but the array given is {array.dtype}.")
    if is_quantizing(array, tensor):
        _check_finite(array, name)
        limits = np.iinfo(dtype)
        scale, zero_point = _parameters(tensor)
        return np.asarray(np.clip(np.rint(array / scale) + zero_point, limits.min, limits.max), dtype, order="C")
    return np.asarray(as_finite(array, dtype, name), order="C")


def as_finite(array: np.ndarray, dtype: np.dtype | type, name: str) -> np.ndarray:
    """``array`` in another type of numbers.

    Args:
        array: ``[N, ...]``.
        dtype: the type.
        name: of the input that it is for, for messages.

    Raises:
        ValueError: a value is not finite, or is too large for the type; the message names the first.
    """
    _check_finite(array, name)
    dtype = np.dtype(dtype)
    if dtype.kind != "f" or (dtype.itemsize >= array.dtype.itemsize and array.dtype.kind == "f"):
        return array.astype(dtype, copy=False)
    with np.errstate(over="ignore"):
        converted = array.astype(dtype, copy=False)
    if _holds_non_finite(converted):
        raise _refusal(array, ~np.isfinite(converted), name, f"is too large for {dtype.name}")
    return converted


def is_quantizing(array: np.ndarray, tensor: Tensor) -> bool:
    """Whether floats meet an input of integers with a scale."""
    return tensor.quantization is not None and array.dtype.kind == "f" and np.dtype(tensor.dtype).kind in "iu"


def dequantized(array: np.ndarray, tensor: Tensor) -> np.ndarray:
    """The real values of a quantized output as float32, with a scale for each element along its axis if it has these.

    An output without a scale comes back as it is.
    """
    if tensor.quantization is None:
        return array
    scale, zero_point = _parameters(tensor)
    return ((array.astype(np.float32) - zero_point) * scale).astype(np.float32)


def clipped_values(array: np.ndarray, tensor: Tensor) -> tuple[int, float, float] | None:
    """How many floats lie more than a step outside of what a quantized input can hold, and the ends of its range.

    None where there are none, or nothing is quantized.
    """
    if not is_quantizing(array, tensor):
        return None
    limits, (scale, zero_point) = np.iinfo(tensor.dtype), _parameters(tensor)
    lowest, highest = ((limit - zero_point) * scale for limit in (limits.min, limits.max))
    count = int(np.sum((array < lowest - scale) | (array > highest + scale)))
    return (count, float(lowest.min()), float(highest.max())) if count else None


def random_input(tensor: Tensor, random: np.random.Generator) -> np.ndarray:
    """Standard normal floats, or integers over the whole range of their type, for one call of an engine."""
    dtype = np.dtype(tensor.dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, tensor.shape, dtype, endpoint=True)
    return random.standard_normal(tensor.shape).astype(dtype)


def _parameters(tensor: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Scale and zero point in a shape that broadcasts against the tensor."""
    scale, zero_point = tensor.quantization.scale, tensor.quantization.zero_point
    return along_axis(tensor, scale), along_axis(tensor, zero_point)


def _check_finite(array: np.ndarray, name: str) -> None:
    if array.dtype.kind in "fc" and _holds_non_finite(array):
        raise _refusal(array, ~np.isfinite(array), name, "is not a finite number")


def _holds_non_finite(array: np.ndarray) -> bool:
    """Whether a value is not finite, without an array of answers: minimum and maximum pass on what is not a number."""
    return array.size > 0 and not bool(np.isfinite(array.min()) and np.isfinite(array.max()))


def _refusal(array: np.ndarray, wrong: np.ndarray, name: str, what: str) -> ValueError:
    """An error that names the first of the values of ``array`` that are ``wrong``."""
    sample, *place = (int(index) for index in (*np.unravel_index(int(np.argmax(wrong)), array.shape),))
    count = int(wrong.sum())
    more = f" ({count:,} such values)" if count > 1 else ""
    where = f" at {place}" if place else ""
    return ValueError(
        f"Sample {sample} of the input '{name}' holds {array[(sample, *place)]}{where}, which {what}{more}."
    )

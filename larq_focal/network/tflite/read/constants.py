"""Constants of a TensorFlow Lite file as the real numbers that they stand for."""

from __future__ import annotations

import math

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.tflite.flatbuffer import Tensor

_PACKED_BITS = {"int4": 4, "int2": 2}


def per_channel(constant: np.ndarray | float, shape: ops.Shape) -> np.ndarray:
    """A constant that broadcasts against ``shape`` as float32 ``[C]``, or as ``shape`` where it varies over pixels.

    Raises:
        NotUnderstood: it has a batch axis.
    """
    constant = np.asarray(constant, np.float32)
    while constant.ndim > 1 and constant.shape[0] == 1:
        constant = constant[0]
    if constant.ndim > len(shape):
        raise NotUnderstood("with a constant that differs between samples")
    return np.broadcast_to(constant, shape[-1:] if constant.ndim <= 1 else shape)


def along_axis(tensor: Tensor, values: np.ndarray) -> np.ndarray:
    """Scales or zero points, ``[1]`` or ``[n]``, in a shape that broadcasts against ``tensor``."""
    shape = [1] * len(tensor.shape)
    if len(values) > 1:
        shape[tensor.quantization.axis] = -1
    return values.reshape(shape)


def real_values(tensor: Tensor) -> np.ndarray:
    """The data of a constant as float32; integers without a scale (axes, sizes, packed bits) as they are."""
    data = codes_of(tensor)
    if data.shape != tensor.shape:
        raise NotUnderstood(f"with a constant of type {tensor.dtype}")
    if tensor.dtype == "bool":
        return np.where(data, np.float32(1), np.float32(-1))
    if data.dtype.kind == "f":
        return data.astype(np.float32, copy=False)
    if tensor.quantization is None:
        return data
    zero_point, scale = (along_axis(tensor, v) for v in (tensor.quantization.zero_point, tensor.quantization.scale))
    return ((data - zero_point) * scale).astype(np.float32)


def bits_of(tensor: Tensor) -> int:
    """Of each element of a constant."""
    return _PACKED_BITS.get(tensor.dtype, 8 * tensor.data.itemsize)


def codes_of(tensor: Tensor) -> np.ndarray:
    """The data of a constant; codes of 4 and 2 bits, of which a byte holds several, the first lowest, as int8."""
    bits = _PACKED_BITS.get(tensor.dtype)
    count = math.prod(tensor.shape)
    if bits is None or tensor.data.ndim != 1 or len(tensor.data) != -(-count * bits // 8):
        return tensor.data
    fields = tensor.data[:, None] >> np.arange(0, 8, bits, dtype=np.uint8)
    codes = (fields.reshape(-1)[:count] << (8 - bits)).view(np.int8) >> (8 - bits)
    return codes.reshape(tensor.shape)

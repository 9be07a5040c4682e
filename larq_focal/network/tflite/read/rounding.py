"""Values as the integers of a tensor hold them: rounded to its scale."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.builder import GraphBuilder
from larq_focal.network.kernel import FLOAT_BITS
from larq_focal.network.tflite.flatbuffer import FlatbufferError, Tensor
from larq_focal.network.tflite.read.constants import along_axis, per_channel

_INTEGERS = {"int8": (8, True), "uint8": (8, False), "int16": (16, True)}
"""Bits of a type, and whether it is signed."""


def bits_of(tensor: Tensor) -> int:
    """Bits of an element that the user feeds."""
    return _INTEGERS[tensor.dtype][0] if tensor.dtype in _INTEGERS else FLOAT_BITS


def has_grid(tensor: Tensor) -> bool:
    """Whether the integers of a tensor stand for others than themselves."""
    if tensor.quantization is None or tensor.dtype not in _INTEGERS:
        return False
    return tensor.dtype != "uint8" or bool(
        np.any(tensor.quantization.scale != 1) or np.any(tensor.quantization.zero_point)
    )


def add_rounding(builder: GraphBuilder, tensor: Tensor, value: str, file: str) -> str:
    """Adds what rounds ``value`` to what ``tensor`` can hold, if it holds integers, and returns the result's name.

    Args:
        builder: where the operations go.
        tensor: what holds the value.
        value: the name of an operation.
        file: what errors call the file.

    Raises:
        FlatbufferError: the tensor has a scale that is not positive, or one for each sample.
    """
    if tensor.quantization is None or tensor.dtype not in _INTEGERS:
        return value
    bits, signed = _INTEGERS[tensor.dtype]
    scale, zero_point = tensor.quantization.scale, tensor.quantization.zero_point
    if scale.min() <= 0:
        raise FlatbufferError(f"'{tensor.name}' of '{file}' needs positive scales, not {scale}.")
    place = {"shape": builder.shape(value), "origin": tensor.name}
    codes = {"bits": bits, "signed": signed}
    called = f"{tensor.name}/quantize"
    if len(scale) == 1:
        codes |= {"scale": float(scale[0]), "zero_point": int(zero_point[0])}
        return builder.add(ops.UniformQuantize, called, inputs=(value,), **codes, **place)
    if tensor.quantization.axis == 0:
        raise FlatbufferError(f"'{tensor.name}' of '{file}' has a scale for each sample.")
    # Each element along the axis has a scale of its own: in steps of 1, rounded, and back.
    scale, zero_point = (per_channel(along_axis(tensor, values), place["shape"]) for values in (scale, zero_point))
    zero = np.zeros_like(scale)
    steps = {"mean": -zero_point * scale, "scale": 1 / scale, "bias": zero}
    back = {"mean": zero_point, "scale": scale, "bias": zero}
    value = builder.add(ops.Affine, f"{tensor.name}/steps", inputs=(value,), **steps, **place)
    value = builder.add(ops.UniformQuantize, called, inputs=(value,), scale=1.0, zero_point=0, **codes, **place)
    return builder.add(ops.Affine, f"{tensor.name}/real", inputs=(value,), **back, **place)


def have_one_scale(tensors: list[Tensor]) -> bool:
    """Whether the integers of all ``tensors`` stand for the same numbers."""
    return len({t.quantization and (*t.quantization.scale, *t.quantization.zero_point) for t in tensors}) == 1

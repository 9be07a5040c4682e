"""Booleans of a batch in packed bits, eight to a byte."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from larq_focal.nn import Tensor, ops


def pack_bits(values: Tensor) -> Tensor:
    """Booleans ``[batch, ...]`` as bytes ``[batch, n]``, n the eighth part of a sample's elements, rounded up."""
    size = prod(values.shape[1:])
    bits = ops.reshape(ops.cast(values, "uint8"), (-1, size))
    if size % 8:
        bits = ops.pad(bits, ((0, 0), (0, -size % 8)))
    bits = ops.reshape(bits, (-1, -(-size // 8), 8))
    return ops.cast(ops.sum(ops.bitwise_left_shift(bits, _places()), axis=-1), "uint8")


def unpack_bits(packed: Tensor, shape: Sequence[int]) -> Tensor:
    """The booleans ``[batch, *shape]`` of ``pack_bits``."""
    bits = ops.bitwise_and(ops.bitwise_right_shift(packed[..., None], _places()), ops.ones_like(_places()))
    bits = ops.reshape(bits, (-1, 8 * packed.shape[1]))
    return ops.cast(ops.reshape(bits[:, : prod(shape)], (-1, *shape)), "bool")


def _places() -> Tensor:
    return ops.convert_to_tensor(list(range(8)), dtype="uint8")


def signs(positive: Tensor) -> Tensor:
    """1 where ``positive`` and -1 elsewhere, float32."""
    return 2 * ops.cast(positive, "float32") - 1

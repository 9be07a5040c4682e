"""Padding with any value, as "same" convolutions pad with zeros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops


def same_padding(
    sizes: Sequence[Any], kernel_size: Sequence[int], strides: Sequence[int], dilation_rate: Sequence[int]
) -> list[tuple[Any, Any]]:
    """Pixels before and after, for each axis of space, that ``padding="same"`` adds.

    Args:
        sizes: Size of each axis, a number or a scalar tensor. Where the stride is 1 it does not matter.
        kernel_size: Size of the kernel along each axis.
        strides: Stride along each axis.
        dilation_rate: Dilation along each axis.

    Returns:
        For each axis a pair, of the type of its size; the odd pixel comes after.
    """
    pairs = []
    for size, kernel, stride, dilation in zip(sizes, kernel_size, strides, dilation_rate, strict=True):
        total = (kernel - 1) * dilation
        if stride > 1:
            total = (size + stride - 1) // stride * stride - stride + total + 1 - size
            total = max(total, 0) if isinstance(size, int) else ops.maximum(total, 0)
        pairs.append((total // 2, total - total // 2))
    return pairs


def causal_padding(kernel_size: Sequence[int], dilation_rate: Sequence[int]) -> list[tuple[int, int]]:
    """Steps before the first, for each axis, so that no output depends on later inputs."""
    return [((kernel - 1) * dilation, 0) for kernel, dilation in zip(kernel_size, dilation_rate, strict=True)]


def padded(inputs, pairs: Sequence[tuple[Any, Any]], value: float, data_format: str):
    """``inputs`` [batch, ..., channels], or channels first, with ``pairs`` of ``value`` around the axes of space."""
    around = [(0, 0), *pairs, (0, 0)] if data_format == "channels_last" else [(0, 0), (0, 0), *pairs]
    return ops.pad(inputs, around, constant_values=value)

"""The sums of products that layers with a kernel compute, exact where values and weights are integers."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import (
    convolve,
    convolve_transposed,
    convolve_volume,
    dilated,
    pad_image,
    same_pads,
    windows,
)


@singledispatch
def accumulate(op: ops.Weighted, x: np.ndarray) -> np.ndarray:
    """The sums of products with the kernel's codes, before scale and bias."""
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, which has no computation.")


@accumulate.register
def _(op: ops.Dense, x):
    return x @ _codes(op)


@accumulate.register
def _(op: ops.Conv2D, x):
    padded = pad_image(x, conv_pads(op, x.shape[1:3]), op.pad_value)
    return convolve(padded, _codes(op), op.strides, op.dilation, op.groups)


@accumulate.register
def _(op: ops.Conv3D, x):
    if op.padding == "same":
        window = dilated(op.kernel.shape[:3], op.dilation)
        x = pad_image(x, same_pads(x.shape[1:4], window, op.strides), op.pad_value)
    return convolve_volume(x, _codes(op), op.strides, op.dilation, op.groups)


@accumulate.register
def _(op: ops.Conv2DTranspose, x):
    window = dilated(op.kernel.shape[:2], op.dilation)
    begin = (0, 0)
    if op.padding == "same":
        (top, _), (left, _) = same_pads(op.shape[:2], window, op.strides)
        begin = top, left
    return convolve_transposed(x, _codes(op), op.strides, op.dilation, begin, op.shape[:2])


@accumulate.register
def _(op: ops.LocallyConnected2D, x):
    patches = windows(x, op.kernel.shape[2:4], op.strides)
    return np.einsum("nhwijc,hwijco->nhwo", patches, _codes(op), optimize=True)


def _codes(op: ops.Weighted) -> np.ndarray:
    return op.kernel.codes.astype(np.float32)


def rescale(op: ops.Weighted, sums: np.ndarray) -> np.ndarray:
    """The value of ``op`` from its sums: times the scale of the kernel, plus the bias."""
    if op.kernel.scale is not None:
        sums = sums * op.kernel.scale
    return sums if op.bias is None else sums + op.bias


def conv_pads(op: ops.Conv2D, image: ops.Pair) -> tuple[ops.Pair, ops.Pair]:
    """Rows and columns that ``op`` adds around an image of this height and width."""
    if op.padding == "valid":
        return (0, 0), (0, 0)
    return same_pads(image, dilated(op.kernel.shape[:2], op.dilation), op.strides)

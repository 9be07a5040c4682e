"""TensorFlow Lite's transposed and three-dimensional convolutions, products of two values, and tables."""

from __future__ import annotations

import string
from collections.abc import Callable

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.kernel import Kernel
from larq_focal.network.tflite.read.call import PADDINGS, Call
from larq_focal.network.tflite.read.layers import read_bias, read_kernel


def transpose_conv(call: Call) -> str:
    return call.emit(
        ops.Conv2DTranspose,
        call.input(2),
        kernel=read_kernel(call, lambda ohwi: np.moveaxis(ohwi, 0, -1)),
        bias=read_bias(call, 3),
        strides=(call.options["strideH"], call.options["strideW"]),
        padding=PADDINGS[call.options["padding"]],
    )


def conv_3d(call: Call) -> str:
    options, depth = call.options, call.constant(1).shape[-2]
    return call.emit(
        ops.Conv3D,
        kernel=read_kernel(call, lambda weights: weights),
        bias=read_bias(call),
        strides=(options["strideD"], options["strideH"], options["strideW"]),
        dilation=tuple(options[f"dilation{axis}Factor"] for axis in "DHW"),
        padding=PADDINGS[options["padding"]],
        groups=call.input_shape(0)[-1] // depth,
    )


def batch_matmul(call: Call) -> str:
    if call.maybe_constant(0) is not None or call.maybe_constant(1) is not None:
        raise NotUnderstood("with a constant")
    first, second = call.input(0), call.input(1)
    ranks = {len(call.input_shape(0)), len(call.input_shape(1)), len(call.shape)}
    if len(ranks) > 1:
        raise NotUnderstood("that widens a value")
    *batch, row, inner, column = string.ascii_lowercase[: ranks.pop() + 2]
    axes = "".join(batch)
    left = inner + row if call.options["adjX"] else row + inner
    right = column + inner if call.options["adjY"] else inner + column
    equation = f"{axes}{left},{axes}{right}->{axes}{row}{column}"
    product = ops.Einsum(name="", inputs=(first, second), shape=call.shape, equation=equation)
    if product.fault((call.input_shape(0), call.input_shape(1))) is not None:
        raise NotUnderstood(f"from {call.input_shape(0)} and {call.input_shape(1)} to {call.shape}")
    return call.emit(ops.Einsum, first, second, equation=equation)


def gather(call: Call) -> str:
    """Rows of a table; other uses pick along an axis of a value."""
    table = call.maybe_constant(0)
    if table is None or table.ndim != 2 or call.options["axis"] != 0 or call.options.get("batchDims"):
        raise NotUnderstood("of something else than the rows of a table")
    return call.emit(ops.Embedding, call.input(1), kernel=Kernel.from_values(table))


PRODUCTS: dict[str, Callable[[Call], str]] = {
    "BATCH_MATMUL": batch_matmul,
    "CONV_3D": conv_3d,
    "GATHER": gather,
    "TRANSPOSE_CONV": transpose_conv,
}

"""Reading products in ``keras.ops``: with constants as layers, of two values as Einstein sums."""

from __future__ import annotations

import string

import keras
import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras3.trace import kind_of, operands, reads, value_shape
from larq_focal.network.kernel import Kernel


@reads("Matmul", "Dot")
def _(trace, node):
    result, (left, right) = node.outputs[0], operands(node)
    constant = trace.constant(right)
    if constant is not None and constant.ndim >= 2 and constant.size == np.prod(constant.shape[-2:]):
        kernel = Kernel.from_values(constant.reshape(constant.shape[-2:]).astype(np.float32))
        return [trace.add_op(ops.Dense, result, trace.number(left), kernel=kernel)]
    if constant is not None or trace.constant(left) is not None or kind_of(node) == "Dot":
        raise NotUnderstood(kind_of(node))
    ranks = {len(value_shape(tensor)) for tensor in (left, right, result)}
    if len(ranks) > 1:
        raise NotUnderstood(f"{kind_of(node)} that widens a value")
    *batch, row, inner, column = string.ascii_lowercase[: ranks.pop() + 2]
    batch = "".join(batch)
    equation = f"{batch}{row}{inner},{batch}{inner}{column}->{batch}{row}{column}"
    return [_einsum(trace, result, [left, right], equation)]


@reads("Einsum")
def _(trace, node):
    if len(operands(node)) != 2 or any(trace.constant(tensor) is not None for tensor in operands(node)):
        raise NotUnderstood("Einsum")
    return [_einsum(trace, node.outputs[0], node.inputs, node.layer.subscripts)]


def _einsum(trace, result, tensors, equation: str) -> str:
    values = [trace.number(tensor) for tensor in tensors]
    shapes = tuple(trace.call.shape(value) for value in values)
    product = ops.Einsum(name="", inputs=tuple(values), shape=value_shape(result), equation=equation)
    if product.fault(shapes) is not None:
        raise NotUnderstood(f"a product of the equation {equation}")
    return trace.add_op(ops.Einsum, result, *values, equation=equation)


@reads("Conv", "DepthwiseConv")
def _(trace, node):
    source, kernel = operands(node)
    kernel, conv = trace.constant(kernel), node.layer
    layout = conv.data_format or keras.config.image_data_format()
    if kernel is None or layout != "channels_last" or len(source.shape) != 4:
        raise NotUnderstood(kind_of(node))
    channels = source.shape[-1]
    if kind_of(node) == "DepthwiseConv":
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    fields = {
        "kernel": Kernel.from_values(kernel.astype(np.float32)),
        "strides": _pair(conv.strides),
        "dilation": _pair(conv.dilation_rate),
        "padding": conv.padding,
        "groups": channels // kernel.shape[2],
    }
    return [trace.add_op(ops.Conv2D, node.outputs[0], trace.number(source), **fields)]


def _pair(size) -> ops.Pair:
    return (size, size) if isinstance(size, int) else tuple(size)

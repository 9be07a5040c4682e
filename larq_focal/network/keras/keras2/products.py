"""Reading matrix products in traced functions: with constants as dense layers, of two values as Einstein sums."""

from __future__ import annotations

import string

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.keras2.trace import reads, value_shape
from larq_focal.network.kernel import FLOAT_BITS, Kernel


@reads("MatMul", "BatchMatMulV2")
def _(trace, op):
    result, (left, right) = op.outputs[0], op.inputs
    is_batched = op.type != "MatMul"
    turns = [op.get_attr(name) for name in (("adj_x", "adj_y") if is_batched else ("transpose_a", "transpose_b"))]
    constant = trace.constant(right)
    if constant is not None and not turns[0] and constant.size == np.prod(constant.shape[-2:]):
        matrix = constant.reshape(constant.shape[-2:])
        kernel = Kernel((matrix.T if turns[1] else matrix).astype(np.float32), None, FLOAT_BITS)
        return [trace.add(ops.Dense, result, trace.value(left), kernel=kernel)]
    if constant is not None or trace.constant(left) is not None or not is_batched:
        raise NotUnderstood(op.type)
    values, ranks = [trace.value(left), trace.value(right)], {len(value_shape(x)) for x in (left, right, result)}
    if len(ranks) > 1:
        raise NotUnderstood(f"{op.type} that widens a value")
    *batch, row, inner, column = string.ascii_lowercase[: ranks.pop() + 2]
    terms = [inner + row if turns[0] else row + inner, column + inner if turns[1] else inner + column]
    first, second = ("".join(batch) + term for term in terms)
    return [_einsum(trace, result, values, f"{first},{second}->{''.join(batch)}{row}{column}")]


@reads("Einsum")
def _(trace, op):
    if len(op.inputs) != 2 or any(trace.constant(tensor) is not None for tensor in op.inputs):
        raise NotUnderstood(op.type)
    values = [trace.value(tensor) for tensor in op.inputs]
    return [_einsum(trace, op.outputs[0], values, op.get_attr("equation").decode())]


def _einsum(trace, result, values: list[str], equation: str) -> str:
    shapes = tuple(trace.call.shape(value) for value in values)
    product = ops.Einsum(name="", inputs=tuple(values), shape=value_shape(result), equation=equation)
    if product.fault(shapes) is not None:
        raise NotUnderstood(f"a product of the equation {equation}")
    return trace.add(ops.Einsum, result, *values, equation=equation)

"""What follows the sums of a layer: scale, bias, and the chain of element-wise operations."""

from __future__ import annotations

import numpy as np

from larq_focal.mcu.emit.chain import applied
from larq_focal.mcu.emit.expression import Expression
from larq_focal.mcu.emit.fixed_point import FixedPoint, fixed_point
from larq_focal.mcu.emit.function import Function
from larq_focal.mcu.emit.layer import Layer
from larq_focal.mcu.emit.text import number
from larq_focal.mcu.steps import Step
from larq_focal.mcu.whole import sum_range
from larq_focal.network import ops

_MOST_SUMS = 2**18
"""That integers are held against floats for."""


def write_epilogue(step: Step, function: Function, layer: Layer, pixel: str, sum_of_channel: str = "sums[c]") -> None:
    """Stores what becomes of the sums of a pixel.

    Args:
        step: what the function computes.
        function: which is written.
        layer: its layer.
        pixel: the number of the pixel of the result, in C.
        sum_of_channel: the sum of channel ``c``, in C.
    """
    fixed = _fixed_point(step, function, layer)
    with function.body.loop("c", layer.filters):
        is_one = layer.geometry.pixels == 1
        function.element_number("c" if is_one else f"(uint32_t)({pixel}) * {layer.filters}u + c")
        value = Expression(sum_of_channel, "whole" if layer.sums == "i32" else "float")
        if fixed is not None:
            function.store(_level(step, function, fixed, value))
            return
        is_whole = value.kind == "whole" and function.element.range_of(step.op.name) is not None
        value = _whole_sum(step.op, function, value) if is_whole else _rescaled(step.op, function, value)
        function.store(applied(step.chain, function.element, value))


def _whole_sum(op: ops.Linear, function: Function, value: Expression) -> Expression:
    if op.bias is None or not np.any(op.bias):
        return value
    bias = function.element.constant(np.rint(op.bias).astype(np.int64), op.shape, "bias")
    return function.element.named(Expression(f"{value.text} + {bias}", "whole"), "sum")


def _rescaled(op: ops.Linear, function: Function, value: Expression) -> Expression:
    element, text = function.element, value.floating
    if op.kernel.scale is not None and np.any(op.kernel.scale != 1):
        text = f"{text} * {element.constant(np.float32(op.kernel.scale), op.shape, 'kernel_scale')}"
    if op.bias is not None and np.any(op.bias):
        text = f"{text} + {element.constant(np.float32(op.bias), op.shape, 'bias')}"
    return element.named(Expression(text, "float"), "sum")


def _fixed_point(step: Step, function: Function, layer: Layer) -> FixedPoint | None:
    """Levels of rescaled whole sums as integers, where these give each level as floats do."""
    op, chain, source = step.op, step.chain, function.source(0)
    is_level = len(chain) == 1 and isinstance(chain[0], ops.Quantize) and function.target.whole is not None
    if not is_level or layer.sums != "i32" or function.element.range_of(op.name) is not None:
        return None
    levels, boundaries = chain[0].levels, chain[0].boundaries.astype(np.float32)
    low, high = sum_range(layer.kernel.codes, source.whole, layer.pad_value)
    if np.any(np.diff(levels) != 1) or len(boundaries) < 2 or high - low >= _MOST_SUMS:
        return None
    scale = np.broadcast_to(np.float32(1 if op.kernel.scale is None else op.kernel.scale), (layer.filters,))
    bias = np.broadcast_to(np.float32(0 if op.bias is None else op.bias), (layer.filters,))
    sums = np.arange(low, high + 1, dtype=np.float32)[:, None]
    reached = np.searchsorted(boundaries, sums * scale + bias, side="right")
    step_size = float(boundaries[-1] - boundaries[0]) / (len(boundaries) - 1)
    return fixed_point(reached, low, scale / step_size, len(boundaries))


def _level(step: Step, function: Function, fixed: FixedPoint, value: Expression) -> Expression:
    op, element, body = step.op, function.element, function.body
    factor = element.constant(fixed.factors, op.shape, "factors")
    offset = element.constant(fixed.offsets, op.shape, "offsets")
    line = body.let("int32_t", f"{value.text} * {factor} + {offset}", "line")
    level = body.let("int32_t", f"({line} < 0) ? 0 : ({line} >> {fixed.shift})", "level")
    lowest = number(int(step.chain[0].levels[0]))
    limited = f"(({level} > {fixed.largest}) ? {fixed.largest} : {level})"
    return Expression(limited if lowest == "0" else f"{limited} + {lowest}", "whole")

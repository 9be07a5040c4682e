"""The functions of poolings."""

from __future__ import annotations

import numpy as np

from larq_focal.mcu.emit.chain import applied
from larq_focal.mcu.emit.expression import Expression
from larq_focal.mcu.emit.function import Function
from larq_focal.mcu.emit.layer import Geometry
from larq_focal.mcu.emit.text import number
from larq_focal.mcu.selection import Call
from larq_focal.mcu.steps import Step
from larq_focal.network import ops
from larq_focal.network.conv_arithmetic import same_pads


def pool_geometry(op: ops.Pool2D | ops.GlobalPool, image: ops.Shape) -> Geometry:
    """The windows of a pooling on an image of this shape."""
    height, width, channels = image
    if isinstance(op, ops.GlobalPool):
        return Geometry(height, width, channels, channels, height, width, (1, 1), (1, 1), 0, 0, 1, 1)
    above = left = 0
    if op.padding == "same":
        (above, _), (left, _) = same_pads((height, width), op.size, op.strides)
    return Geometry(height, width, channels, channels, *op.size, op.strides, (1, 1), above, left, *op.shape[:2])


def write_pool(step: Step, function: Function) -> None:
    """The maximum or the mean of each window, and the chain behind it."""
    op, source = step.op, function.source(0)
    g = pool_geometry(op, source.shape)
    function.count("elements", g.pixels * g.taps * g.channels)
    if op.kind == "max" and source.storage == "bits" and not step.chain:
        function.geometry(g)
        function.begin_store()
        name = function.pieces.kernel("max_pool_bits", Call(words=-(-g.channels // 32), fan_in=g.taps, filters=1))
        pointer = function.pointer(0)
        function.body.line(f"{name}(&{function.geometry_name}, {g.out_height}, {g.out_width}, {pointer}, &bits);")
        function.end_store()
        return
    _write_loops(step, function, g)


def _write_loops(step: Step, function: Function, g: Geometry) -> None:
    op, body, source = step.op, function.body, function.source(0)
    is_max, is_whole = op.kind == "max", source.whole is not None
    kind, c_type = ("whole", "int32_t") if is_whole else ("float", "float")
    function.begin_store()
    with body.loop("y", g.out_height, "int32_t"), body.loop("x", g.out_width, "int32_t"), body.loop("c", g.channels):
        function.element_number(f"(uint32_t)(y * {g.out_width} + x) * {g.channels}u + c")
        start = "0" if not is_max else number(source.whole.low if is_whole else np.float32(-np.inf))
        body.line(f"{c_type} pooled = {start if is_whole or is_max else '0.0f'};")
        if not is_max:
            body.line("int32_t count = 0;")
        with body.loop("r", g.rows, "int32_t"), body.loop("k", g.columns, "int32_t"):
            body.line(f"const int32_t row = y * {g.strides[0]} + r - {g.above};")
            body.line(f"const int32_t column = x * {g.strides[1]} + k - {g.left};")
            with body.block(_inside(g)):
                at = f"(uint32_t)(row * {g.width} + column) * {g.channels}u + c"
                load = function.load(0, at)
                value = body.let(c_type, load.whole if is_whole else load.floating, "value")
                body.line(f"pooled = ({value} > pooled) ? {value} : pooled;" if is_max else f"pooled += {value};")
                if not is_max:
                    body.line("++count;")
        pooled = Expression("pooled", kind)
        if not is_max:
            pooled = function.element.named(Expression(f"{pooled.floating} / (float)count", "float"), "mean")
        function.store(applied(step.chain, function.element, pooled))
    function.end_store()


def _inside(g: Geometry) -> str:
    if not g.is_padded:
        return "/* all windows lie inside */"
    return f"if ((row >= 0) && (row < {g.height}) && (column >= 0) && (column < {g.width}))"

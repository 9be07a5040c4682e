"""Element-wise operations as expressions on one element."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import numpy as np

from larq_focal.mcu.emit.expression import Expression
from larq_focal.mcu.emit.text import Body, number
from larq_focal.mcu.whole import Whole, line
from larq_focal.network import ops

_FEW = 4
"""Comparisons that are written one by one."""


class Element:
    """Where an element of a value is computed, and what the expressions there may need.

    Args:
        body: the lines so far; the element's number is ``i`` and its channel ``c``.
        table: makes a table of constants in flash and returns its name.
        range_of: the range of a value that is whole, by its name; None for others.
    """

    def __init__(self, body: Body, table: Callable[[np.ndarray, str], str], range_of: Callable[[str], Whole | None]):
        self.body = body
        self.table = table
        self.range_of = range_of

    def constant(self, values: np.ndarray, shape: ops.Shape, role: str) -> str:
        """The element of an array that broadcasts against ``shape``: a literal, or taken from a table."""
        channels = shape[-1] if shape else 1
        rows = np.broadcast_to(np.asarray(values), shape).reshape(-1, channels)
        if np.all(rows == rows[0, 0]):
            return number(rows[0, 0])
        if np.all(rows == rows[0]):
            return f"{self.table(rows[0], role)}[c]"
        return f"{self.table(rows.reshape(-1), role)}[i]"

    def named(self, expression: Expression, name: str = "value") -> Expression:
        """The same element in a variable, to be used more than once."""
        if expression.kind == "float":
            return Expression(self.body.let("float", expression.floating, name), "float")
        return Expression(self.body.let("int32_t", expression.whole, name), "whole")


def applied(chain, element: Element, value: Expression) -> Expression:
    """``value`` after the operations of ``chain``."""
    for op in chain:
        value = apply(op, element, value)
    return value


@singledispatch
def apply(op: ops.Op, element: Element, x: Expression) -> Expression:
    """The element of the value of ``op`` from that of its input."""
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, which is not computed element by element.")


@apply.register
def _(op: ops.Affine, element, x):
    if x.kind != "float" and element.range_of(op.name) is not None:
        scale, bias = (np.rint(part).astype(np.int64) for part in line(op))
        text = x.whole
        if np.any(scale != 1):
            text = f"{text} * {element.constant(scale, op.shape, 'scale')}"
        if np.any(bias):
            text = f"{text} + {element.constant(bias, op.shape, 'bias')}"
        return element.named(Expression(text, "whole"))
    text = x.floating
    if np.any(op.mean):
        text = f"({text} - {element.constant(_float(op.mean), op.shape, 'mean')})"
    if np.any(op.scale != 1):
        text = f"{text} * {element.constant(_float(op.scale), op.shape, 'scale')}"
    if np.any(op.bias):
        text = f"{text} + {element.constant(_float(op.bias), op.shape, 'bias')}"
    return element.named(Expression(text, "float"))


@apply.register
def _(op: ops.Binarize, element, x):
    is_whole = x.kind != "float"
    flip = np.zeros(op.shape[-1:], bool) if op.flip is None else np.asarray(op.flip, bool)
    threshold, is_constant = _float(op.threshold), False
    if is_whole:
        range_ = element.range_of(op.inputs[0]) or Whole(-(2**24), 2**24)
        rising = np.clip(np.ceil(threshold.astype(np.float64)), range_.low, range_.high + 1)
        falling = np.clip(np.floor(threshold.astype(np.float64)), range_.low - 1, range_.high)
        threshold = np.where(flip, falling, rising).astype(np.int64)
        is_constant = bool(np.any((threshold <= range_.low) | (threshold >= range_.high)))
    # Compilers warn where they see that a comparison with a number of a short type is the same for all.
    value = element.named(x, "x") if flip.any() or is_constant else x
    text = value.whole if is_whole else value.floating
    limit = element.constant(threshold, op.shape, "threshold")
    if not flip.any():
        return Expression(f"{text} < {limit}", "sign")
    if flip.all():
        return Expression(f"{text} > {limit}", "sign")
    falls = element.constant(flip.astype(np.int64), op.shape, "falls")
    return Expression(f"({falls} != 0) ? ({text} > {limit}) : ({text} < {limit})", "sign")


@apply.register
def _(op: ops.Quantize, element, x):
    value = element.named(x, "x")
    boundaries = _float(op.boundaries)
    if value.kind == "whole":
        boundaries = np.clip(np.ceil(boundaries.astype(np.float64)), -(2**31) + 1, 2**31 - 1).astype(np.int64)
    if len(boundaries) <= _FEW:
        reached = " + ".join(f"(({value.text} >= {number(b)}) ? 1 : 0)" for b in boundaries) or "0"
        level = element.body.let("int32_t", reached, "level")
    else:
        level = _counted(element, value, element.table(boundaries, "boundaries"), len(boundaries))
    is_whole = element.range_of(op.name) is not None
    levels = np.rint(op.levels).astype(np.int64) if is_whole else _float(op.levels)
    if is_whole and np.all(np.diff(levels) == 1):
        return Expression(f"{level} + {number(levels[0])}", "whole")
    return Expression(f"{element.table(levels, 'levels')}[{level}]", "whole" if is_whole else "float")


def _counted(element: Element, value: Expression, table: str, count: int) -> str:
    body = element.body
    level = body.new_name("level")
    body.line(f"int32_t {level} = 0;")
    with body.block(f"while (({level} < {count}) && ({value.text} >= {table}[{level}]))"):
        body.line(f"++{level};")
    return level


@apply.register
def _(op: ops.UniformQuantize, element, x):
    lowest = -(2 ** (op.bits - 1)) if op.signed else 0
    low, high = lowest - op.zero_point, lowest + 2**op.bits - 1 - op.zero_point
    steps = element.body.let("float", f"{x.floating} / {number(np.float32(op.scale))}", "steps")
    half = element.body.let("float", f"{steps} + (({steps} < 0.0f) ? -0.5f : 0.5f)", "half")
    limits = f"({half} < {low}.0f) ? {low} : (({half} > {high}.0f) ? {high} : (int32_t){half})"
    code = element.body.let("int32_t", limits, "code")
    return Expression(f"(float){code} * {number(np.float32(op.scale))}", "float")


@apply.register
def _(op: ops.Activation, element, x):
    value = element.named(x, "x")
    is_whole = value.kind == "whole" and element.range_of(op.name) is not None
    kind = "whole" if is_whole else "float"
    v = value.text if is_whole else value.floating

    def literal(limit) -> str:
        if is_whole:
            return number(int(np.clip(limit, -(2**31) + 1, 2**31 - 1)))
        return number(np.float32(limit))

    def limited(low, high) -> Expression:
        above = v if high is None else f"({v} > {literal(high)}) ? {literal(high)} : {v}"
        return Expression(above if low is None else f"({v} < {literal(low)}) ? {literal(low)} : ({above})", kind)

    match op.kind:
        case "relu":
            result = limited(0, None)
        case "relu6":
            result = limited(0, 6)
        case "relu_n1_to_1":
            result = limited(-1, 1)
        case "clip":
            result = limited(*op.alpha)
        case "prelu" | "leaky_relu":
            slope = element.constant(_float(op.alpha), op.shape, "slope")
            result = Expression(f"({v} < 0.0f) ? {v} * {slope} : {v}", kind)
        case "abs":
            result = Expression(f"({v} < {literal(0)}) ? -{v} : {v}", kind)
        case "square":
            result = Expression(f"{v} * {v}", kind)
        case "hard_sigmoid":
            line_ = element.body.let("float", f"{v} * 0.2f + 0.5f", "line")
            result = Expression(f"({line_} < 0.0f) ? 0.0f : (({line_} > 1.0f) ? 1.0f : {line_})", kind)
        case "floor" if is_whole:
            result = value
        case "floor":
            result = Expression(f"lqf_floor({v})", kind)
        case _:
            raise TypeError(f"'{op.name}' is a {op.kind}, which is not computed element by element.")
    return element.named(result)


def _float(values) -> np.ndarray:
    return np.asarray(values, np.float32)

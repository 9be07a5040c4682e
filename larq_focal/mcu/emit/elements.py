"""The functions of what works element by element, and of what moves elements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import reduce

import numpy as np

from larq_focal.mcu.emit.chain import applied, apply
from larq_focal.mcu.emit.expression import Expression
from larq_focal.mcu.emit.function import Function
from larq_focal.mcu.emit.text import number
from larq_focal.mcu.steps import Step
from larq_focal.network import ops


def write_elementwise(step: Step, function: Function) -> None:
    """A chain on the elements of one value."""
    with _elements(function, step.op.shape):
        value = apply(step.op, function.element, function.load(0, "i"))
        function.store(applied(step.chain, function.element, value))
    function.count("elements", function.source(0).elements)


def write_join(step: Step, function: Function) -> None:
    """The sum or the product of several values, which broadcast."""
    op, element = step.op, function.element
    sign = "+" if isinstance(op, ops.Add) else "*"
    is_whole = element.range_of(op.name) is not None
    with _elements(function, op.shape):
        loads = [function.load(n, _broadcast(function.source(n).shape, op.shape)) for n in range(len(function.sources))]
        parts = [load.whole if is_whole else load.floating for load in loads]
        text = reduce(lambda first, second: f"{first} {sign} {second}", parts)
        value = element.named(Expression(text, "whole" if is_whole else "float"))
        function.store(applied(step.chain, element, value))
    function.count("elements", function.target.elements * (len(op.inputs) - 1))


def _broadcast(source: ops.Shape, result: ops.Shape) -> str:
    """The number of the element of a source that belongs to element ``i`` of the result."""
    source = (1,) * (len(result) - len(source)) + tuple(source)
    if source == tuple(result):
        return "i"
    terms, inner, stride = [], 1, 1
    for have, want in zip(reversed(source), reversed(result), strict=True):
        if have != 1:
            terms.append(f"i / {inner}u % {want}u * {stride}u")
        inner, stride = inner * want, stride * have
    return " + ".join(terms) or "0u"


@contextmanager
def _elements(function: Function, shape: ops.Shape) -> Iterator[None]:
    """The loops over pixels and channels, in which ``i``, ``c`` and the store are known."""
    channels, body = shape[-1] if shape else 1, function.body
    function.begin_store()
    with body.loop("p", function.target.elements // channels), body.loop("c", channels):
        function.element_number(f"p * {channels}u + c")
        yield
    function.end_store()


def write_concat(step: Step, function: Function) -> None:
    """Values one behind the other along an axis, in the order of the result's elements."""
    op, body = step.op, function.body
    axis = op.axis % len(op.shape)
    outer = int(np.prod(op.shape[:axis]))
    function.begin_store()
    if function.target.storage != "bits":
        body.line("uint32_t i = 0u;")
    with body.loop("o", outer):
        for n, source in enumerate(function.sources):
            run = int(np.prod(source.shape[axis:]))
            with body.loop("k", run):
                function.store(function.load(n, f"o * {run}u + k"))
                if function.target.storage != "bits":
                    body.line("++i;")
    function.end_store()
    function.count("elements", function.target.elements)


def write_pad(step: Step, function: Function) -> None:
    """The value inside of what is added around it."""
    op, body, source = step.op, function.body, function.source(0)
    inside = [
        f"(a{axis} >= {before}) && (a{axis} < {before + have})"
        for axis, ((before, after), have) in enumerate(zip(op.pads, source.shape, strict=True))
        if before or after
    ]
    index = [f"(a{axis} - {before})" for axis, (before, _) in enumerate(op.pads)]
    with _axes(function, op.shape):
        value = function.load(0, f"(uint32_t){_flat(index, source.shape)}")
        if not inside:
            function.store(value)
            return
        with body.block(f"if ({' && '.join(inside)})"):
            function.store(value)
        with body.block("else"):
            function.store(_constant(op.value, function))


def _constant(value: float, function: Function) -> Expression:
    match function.target.storage:
        case "bits":
            return Expression("1" if value < 0 else "0", "sign")
        case "f32":
            return Expression(number(np.float32(value)), "float")
    return Expression(number(int(value)), "whole")


def write_slice(step: Step, function: Function) -> None:
    """Elements in steps along each axis."""
    op, source = step.op, function.source(0)
    steps = enumerate(zip(op.begin, op.strides, strict=True))
    index = [f"({begin} + a{axis} * {stride})" for axis, (begin, stride) in steps]
    with _axes(function, op.shape):
        function.store(function.load(0, f"(uint32_t){_flat(index, source.shape)}"))


def _flat(index: list[str], shape: ops.Shape) -> str:
    """The number of an element in the order of rows, columns and channels."""
    text = index[0]
    for part, size in zip(index[1:], shape[1:], strict=True):
        text = f"({text} * {size} + {part})"
    return f"({text})"


@contextmanager
def _axes(function: Function, shape: ops.Shape) -> Iterator[None]:
    """A loop for each axis, ``a0`` on, in which ``i`` and the store are known."""
    function.begin_store()
    function.count("elements", function.target.elements)
    with ExitStack() as loops:
        for axis, size in enumerate(shape):
            loops.enter_context(function.body.loop(f"a{axis}", size, "int32_t"))
        function.element_number(f"(uint32_t){_flat([f'a{axis}' for axis in range(len(shape))], shape)}")
        yield
    function.end_store()

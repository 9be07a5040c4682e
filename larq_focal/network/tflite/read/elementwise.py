"""TensorFlow Lite's arithmetic, activations and comparisons as operations of a graph; truth is +1, falsehood -1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.tflite.read.call import Call
from larq_focal.network.tflite.read.constants import per_channel

_MIRRORED = {
    "GREATER": "LESS",
    "GREATER_EQUAL": "LESS_EQUAL",
    "LESS": "GREATER",
    "LESS_EQUAL": "GREATER_EQUAL",
}


def sum_of(sign: int) -> Callable[[Call], str]:
    """ADD and SUB: ``first + sign * second``."""

    def read(call: Call) -> str:
        first, second = call.maybe_constant(0), call.maybe_constant(1)
        if second is not None:
            return call.affine(call.input(0), **{"bias" if sign > 0 else "mean": second})
        if first is not None:
            return call.affine(call.input(1), scale=sign, bias=first)
        return _sum(call, sign)

    return read


def _sum(call: Call, sign: int) -> str:
    first, second = call.aligned_inputs()
    shape = call.builder.shape(second)
    return call.emit(ops.Add, first, call.affine(second, scale=sign, shape=shape), name=call.output.name)


def multiply(call: Call) -> str:
    value, factor = _value_and_constant(call)
    if factor is not None:
        return call.affine(value, scale=factor)
    return call.emit(ops.Multiply, *call.aligned_inputs(), name=call.output.name)


def _value_and_constant(call: Call) -> tuple[str, np.ndarray | None]:
    """The operand that is not constant, and the other if that is constant."""
    if (constant := call.maybe_constant(0)) is not None:
        return call.input(1), constant
    return call.input(0), call.maybe_constant(1)


def divide(call: Call) -> str:
    return call.affine(call.input(0), scale=1 / call.constant(1))


def negate(call: Call) -> str:
    return call.affine(call.input(0), scale=-1)


def clip(limits: Callable[[float], tuple[float, float]]) -> Callable[[Call], str]:
    """MINIMUM and MAXIMUM of a value and a number."""

    def read(call: Call) -> str:
        value, constant = _value_and_constant(call)
        if constant is None or constant.size != 1:
            raise NotUnderstood("of more than a value and a number")
        return call.emit(ops.Activation, value, kind="clip", alpha=np.array(limits(constant.item()), np.float32))

    return read


def activation(kind: str) -> Callable[[Call], str]:
    def read(call: Call) -> str:
        return call.emit(ops.Activation, kind=kind)

    return read


def ceiling(call: Call) -> str:
    """``-floor(-x)``."""
    floor = call.emit(ops.Activation, call.affine(call.input(0), scale=-1), kind="floor")
    return call.affine(floor, scale=-1)


def relu_0_to_1(call: Call) -> str:
    return call.emit(ops.Activation, kind="clip", alpha=np.array([0, 1], np.float32))


def prelu(call: Call) -> str:
    return call.emit(ops.Activation, kind="prelu", alpha=per_channel(call.constant(1), call.shape))


def leaky_relu(call: Call) -> str:
    return call.emit(ops.Activation, kind="leaky_relu", alpha=np.float32(call.options["alpha"]))


def hard_swish(call: Call) -> str:
    """``x * relu6(x + 3) / 6``."""
    gate = call.emit(ops.Activation, call.affine(call.input(0), bias=3), kind="relu6")
    return call.emit(ops.Multiply, call.input(0), call.affine(gate, scale=1 / 6))


def softmax(call: Call) -> str:
    return call.emit(ops.Activation, call.affine(call.input(0), scale=call.options["beta"]), kind="softmax")


def same_number(call: Call) -> str:
    """QUANTIZE and DEQUANTIZE: another way to write a number; the output tensor's own rounding follows."""
    return call.input(0)


def cast(call: Call) -> str:
    before, after = call.operator.inputs[0].dtype, call.output.dtype
    if before == "bool" and after != "bool":
        return call.affine(call.input(0), mean=-1, scale=0.5)
    if after not in (before, "float32", "float64"):
        raise NotUnderstood(f"from {before} to {after}")
    return call.input(0)


def compare(call: Call) -> str:
    """``x >= t`` and the other comparisons; for ``x > t``, t becomes the next larger number."""
    kind = call.operator.kind
    value, threshold = _value_and_constant(call)
    if threshold is None:
        value, threshold = _sum(call, -1), 0
    elif call.maybe_constant(0) is not None:
        kind = _MIRRORED[kind]
    threshold, is_below = np.asarray(threshold, np.float32), kind.startswith("LESS")
    if not kind.endswith("EQUAL"):
        threshold = np.nextafter(threshold, np.float32(-np.inf if is_below else np.inf))
    flip = np.ones(call.shape[-1:], bool) if is_below else None
    return call.emit(ops.Binarize, value, threshold=per_channel(threshold, call.shape), flip=flip)


def logical_not(call: Call) -> str:
    return call.emit(ops.Binarize, threshold=np.float32(0), flip=np.ones(call.shape[-1:], bool))


def logical(least_sum: float) -> Callable[[Call], str]:
    """AND and OR: whether the sum of two truth values is at least this."""

    def read(call: Call) -> str:
        total = _sum(call, 1)
        return call.emit(ops.Binarize, total, threshold=np.float32(least_sum))

    return read


def select(call: Call) -> str:
    if_true, if_false = call.constant(1), call.constant(2)
    if if_true.size != 1 or if_false.size != 1:
        raise NotUnderstood("between more than two numbers")
    condition, levels = call.input(0), np.array([if_false.item(), if_true.item()], np.float32)
    if levels[0] > levels[1]:
        condition, levels = logical_not(call), levels[::-1].copy()
    if np.array_equal(levels, [-1, 1]):
        return condition
    sign, boundaries = call.builder[condition], np.zeros(1, np.float32)
    if isinstance(sign, ops.Binarize) and sign.flip is None and np.all(sign.threshold == np.max(sign.threshold)):
        condition, boundaries = sign.inputs[0], np.float32([np.max(sign.threshold)])
    return call.emit(ops.Quantize, condition, levels=levels, boundaries=boundaries)


ELEMENTWISE: dict[str, Callable[[Call], str]] = {
    "ABS": activation("abs"),
    "ADD": sum_of(+1),
    "CAST": cast,
    "CEIL": ceiling,
    "DEQUANTIZE": same_number,
    "DIV": divide,
    "FLOOR": activation("floor"),
    "GREATER": compare,
    "GREATER_EQUAL": compare,
    "HARD_SWISH": hard_swish,
    "LEAKY_RELU": leaky_relu,
    "LESS": compare,
    "LESS_EQUAL": compare,
    "LOGICAL_AND": logical(1),
    "LOGICAL_NOT": logical_not,
    "LOGICAL_OR": logical(-1),
    "LOGISTIC": activation("sigmoid"),
    "MAXIMUM": clip(lambda limit: (limit, np.inf)),
    "MINIMUM": clip(lambda limit: (-np.inf, limit)),
    "MUL": multiply,
    "NEG": negate,
    "PRELU": prelu,
    "QUANTIZE": same_number,
    "RELU": activation("relu"),
    "RELU6": activation("relu6"),
    "RELU_0_TO_1": relu_0_to_1,
    "RELU_N1_TO_1": activation("relu_n1_to_1"),
    "SELECT": select,
    "SELECT_V2": select,
    "SOFTMAX": softmax,
    "SQRT": activation("sqrt"),
    "SQUARE": activation("square"),
    "SUB": sum_of(-1),
    "TANH": activation("tanh"),
}

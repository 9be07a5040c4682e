"""Reading the element-wise operations of ``keras.ops``."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.comparison import MIRRORED, sign_fields
from larq_focal.network.keras.keras3.trace import kind_of, operands, reads, value_shape
from larq_focal.network.keras.keras3.traced import dtype_name, is_symbolic


@reads("Cast")
def _(trace, node):
    (source,), result = node.inputs, node.outputs[0]
    if "float" not in dtype_name(result):
        raise NotUnderstood(f"Cast to {dtype_name(result)}")
    value = trace[source]
    if dtype_name(source) != "bool":
        return [value]
    levels, boundaries = np.float32([0, 1]), np.zeros(1, np.float32)
    return [trace.add_op(ops.Quantize, result, value, levels=levels, boundaries=boundaries)]


@reads("Add", "Subtract", "Multiply", "Divide", "TrueDivide")
def _(trace, node):
    kind, result, (left, right) = kind_of(node), node.outputs[0], operands(node)
    if (constant := trace.constant(right)) is not None:
        return [trace.add_affine(result, trace.number(left), **_affine_terms(kind, constant))]
    is_quotient = kind.endswith("Divide")
    if (constant := trace.constant(left)) is not None and not is_quotient:
        terms = _affine_terms(kind, constant)
        if kind == "Subtract":
            terms["scale"] = -1.0
        return [trace.add_affine(result, trace.number(right), **terms)]
    if is_quotient:
        raise NotUnderstood("a quotient of two values")
    names = [trace.number(left), trace.number(right)]
    if kind == "Subtract":
        names[1] = trace.add_affine(right, names[1], scale=-1.0)
    return [trace.add_op(ops.Multiply if kind == "Multiply" else ops.Add, result, *names)]


def _affine_terms(kind: str, constant: np.ndarray) -> dict[str, np.ndarray]:
    match kind:
        case "Subtract":
            return {"mean": constant}
        case "Multiply":
            return {"scale": constant}
        case "Divide" | "TrueDivide":
            return {"scale": 1 / constant}
    return {"bias": constant}


@reads("Negative")
def _(trace, node):
    return [trace.add_affine(node.outputs[0], trace.number(node.inputs[0]), scale=-1.0)]


_ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Absolute": "abs",
    "Square": "square",
    "Floor": "floor",
    "Sqrt": "sqrt",
    "HardTanh": "relu_n1_to_1",
}


@reads(*_ACTIVATIONS)
def _(trace, node):
    kind = _ACTIVATIONS[kind_of(node)]
    return [trace.add_op(ops.Activation, node.outputs[0], trace.number(node.inputs[0]), kind=kind)]


@reads("Softmax")
def _(trace, node):
    (source,) = node.inputs
    if node.layer.axis not in (-1, len(source.shape) - 1):
        raise NotUnderstood(f"Softmax over axis {node.layer.axis}")
    return [trace.add_op(ops.Activation, node.outputs[0], trace.number(source), kind="softmax")]


@reads("LeakyRelu")
def _(trace, node):
    slope = np.float32(node.layer.negative_slope)
    value = trace.number(node.inputs[0])
    return [trace.add_op(ops.Activation, node.outputs[0], value, kind="leaky_relu", alpha=slope)]


@reads("HardSigmoid", "HardSilu", "Silu")
def _(trace, node):
    result, value = node.outputs[0], trace.number(node.inputs[0])
    if kind_of(node) == "Silu":
        gate = trace.add_op(ops.Activation, result, value, kind="sigmoid")
    else:
        raised = trace.add_affine(result, value, bias=3.0)
        gate = trace.add_op(ops.Activation, result, raised, kind="relu6")
        gate = trace.add_affine(result, gate, scale=1 / 6)
    return [gate if kind_of(node) == "HardSigmoid" else trace.add_op(ops.Multiply, result, value, gate)]


@reads("Power")
def _(trace, node):
    value, exponent = operands(node)
    if not is_symbolic(value) or (power := trace.constant(exponent)) is None or np.size(power) != 1 or power != 2:
        raise NotUnderstood("a power that is not a square")
    return [trace.add_op(ops.Activation, node.outputs[0], trace.number(value), kind="square")]


@reads("Maximum", "Minimum", "Clip")
def _(trace, node):
    low, high, source = -np.inf, np.inf, node.outputs[0]
    while (limits := _limits(trace, source)) is not None:
        source, lower, upper = limits  # those met later were applied earlier
        low, high = float(np.clip(lower, low, high)), float(np.clip(upper, low, high))
    if source is node.outputs[0]:
        raise NotUnderstood(f"{kind_of(node)} with a limit that is not a number")
    return [trace.call.add_clip(trace.number(source), low, high, part=trace.part)]


def _limits(trace, tensor) -> tuple | None:
    """What was limited to give ``tensor``, and the lower and the upper limit; None where that is not told."""
    node = trace.giver(tensor)
    kind = "" if node is None else kind_of(node)
    if kind == "Clip":
        (source,), pair = node.inputs, (trace.constant(node.layer.x_min), trace.constant(node.layer.x_max))
        low, high = (-np.inf if pair[0] is None else pair[0]), (np.inf if pair[1] is None else pair[1])
    elif kind in ("Maximum", "Minimum"):
        source, limit = operands(node)
        if trace.constant(limit) is None:
            source, limit = limit, source
        number = trace.constant(limit)
        if number is None:
            return None
        low, high = (number, np.inf) if kind == "Maximum" else (-np.inf, number)
    else:
        return None
    return None if np.size(low) != 1 or np.size(high) != 1 else (source, low, high)


@reads(*MIRRORED)
def _(trace, node):
    kind, result, (left, right) = kind_of(node), node.outputs[0], operands(node)
    if (threshold := trace.constant(right)) is not None:
        value = trace.number(left)
    elif (threshold := trace.constant(left)) is not None:
        value, kind = trace.number(right), MIRRORED[kind]
    else:
        negative = trace.add_affine(right, trace.number(right), scale=-1.0)
        value, threshold = trace.add_op(ops.Add, result, trace.number(left), negative), 0
    if value_shape(result) != trace.call.shape(value):
        raise NotUnderstood("a comparison that widens the value")
    return [trace.add_op(ops.Binarize, result, value, **sign_fields(kind, threshold, value_shape(result)))]


@reads("Where")
def _(trace, node):
    condition, *numbers = operands(node)
    if_true, if_false = (trace.constant(number) for number in numbers)
    if if_true is None or if_false is None or np.size(if_true) != 1 or np.size(if_false) != 1:
        raise NotUnderstood("a choice between more than two numbers")
    if not is_symbolic(condition) or dtype_name(condition) != "bool":
        raise NotUnderstood("a choice by numbers")
    value, levels = trace[condition], np.array([if_false, if_true], np.float32).ravel()
    if levels[0] > levels[1]:
        flip = np.ones(value_shape(condition)[-1], bool)
        value, levels = trace.add_op(ops.Binarize, condition, value, threshold=np.float32(0), flip=flip), levels[::-1]
    if np.array_equal(levels, [-1, 1]):
        return [value]
    boundaries = np.zeros(1, np.float32)
    return [trace.add_op(ops.Quantize, node.outputs[0], value, levels=levels.copy(), boundaries=boundaries)]


@reads("Sign")
def _(trace, node):
    """It is 0 at 0."""
    boundaries = np.float32([0, np.nextafter(np.float32(0), np.float32(1))])
    value, levels = trace.number(node.inputs[0]), np.float32([-1, 0, 1])
    return [trace.add_op(ops.Quantize, node.outputs[0], value, levels=levels, boundaries=boundaries)]

"""Reading the element-wise operations of a traced function, one function per type of TensorFlow operation."""

from __future__ import annotations

import numpy as np

from larq_focal.keras import tf
from larq_focal.network import ops
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.keras.comparison import MIRRORED, sign_fields
from larq_focal.network.keras.keras2.trace import reads, value_shape


@reads("Cast")
def _(trace, op):
    if not (op.outputs[0].dtype.is_floating and op.inputs[0].dtype != tf.bool):
        raise NotUnderstood(f"Cast to {op.outputs[0].dtype.name}")
    return [trace.value(op.inputs[0])]


@reads("AddV2", "Add", "BiasAdd", "Sub", "Mul", "RealDiv")
def _(trace, op):
    result, (left, right) = op.outputs[0], op.inputs
    if (constant := trace.constant(right)) is not None:
        return [trace.add_affine(result, trace.value(left), **_affine_terms(op.type, constant))]
    if (constant := trace.constant(left)) is not None and op.type != "RealDiv":
        terms = _affine_terms(op.type, constant)
        if op.type == "Sub":
            terms["scale"] = -1.0
        return [trace.add_affine(result, trace.value(right), **terms)]
    names = [trace.value(left), trace.value(right)]
    if op.type == "RealDiv":
        raise NotUnderstood("a quotient of two values")
    if op.type == "Sub":
        names[1] = trace.add_affine(right, names[1], scale=-1.0)
    return [trace.add(ops.Multiply if op.type == "Mul" else ops.Add, result, *names)]


def _affine_terms(type_: str, constant: np.ndarray) -> dict[str, np.ndarray]:
    match type_:
        case "Sub":
            return {"mean": constant}
        case "Mul":
            return {"scale": constant}
        case "RealDiv":
            return {"scale": 1 / constant}
    return {"bias": constant}


@reads("Neg")
def _(trace, op):
    return [trace.add_affine(op.outputs[0], trace.value(op.inputs[0]), scale=-1.0)]


_ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "Abs": "abs",
    "Square": "square",
    "Floor": "floor",
    "Sqrt": "sqrt",
}


@reads(*_ACTIVATIONS)
def _(trace, op):
    return [trace.add(ops.Activation, op.outputs[0], trace.value(op.inputs[0]), kind=_ACTIVATIONS[op.type])]


@reads("LeakyRelu")
def _(trace, op):
    slope = np.float32(op.get_attr("alpha"))
    return [trace.add(ops.Activation, op.outputs[0], trace.value(op.inputs[0]), kind="leaky_relu", alpha=slope)]


@reads("Maximum", "Minimum", "ClipByValue")
def _(trace, op):
    low, high, source = -np.inf, np.inf, op.outputs[0]
    while source.op.type in ("Maximum", "Minimum", "ClipByValue"):
        limits = [trace.operand(source.op, index) for index in range(1, len(source.op.inputs))]
        if any(np.size(limit) != 1 for limit in limits):
            raise NotUnderstood(f"{source.op.type} with a limit that is not a number")
        # The limits met later were applied earlier.
        lower = limits[0] if source.op.type != "Minimum" else -np.inf
        upper = limits[-1] if source.op.type != "Maximum" else np.inf
        low, high = float(np.clip(lower, low, high)), float(np.clip(upper, low, high))
        source = source.op.inputs[0]
    return [trace.call.add_clip(trace.value(source), low, high, part=trace.part)]


@reads(*MIRRORED)
def _(trace, op):
    kind, result, (left, right) = op.type, op.outputs[0], op.inputs
    if (threshold := trace.constant(right)) is not None:
        value = trace.value(left)
    elif (threshold := trace.constant(left)) is not None:
        value, kind = trace.value(right), MIRRORED[kind]
    else:
        value = trace.add(ops.Add, result, trace.value(left), trace.add_affine(right, trace.value(right), scale=-1.0))
        threshold = 0
    if value_shape(result) != trace.call.shape(value):
        raise NotUnderstood("a comparison that widens the value")
    return [trace.add(ops.Binarize, result, value, **sign_fields(kind, threshold, value_shape(result)))]


@reads("SelectV2", "Select")
def _(trace, op):
    condition, *numbers = op.inputs
    if_true, if_false = (trace.constant(number) for number in numbers)
    if np.size(if_true) != 1 or np.size(if_false) != 1 or if_true is None or if_false is None:
        raise NotUnderstood("a choice between more than two numbers")
    value, levels = trace.value(condition), np.array([if_false, if_true], np.float32).ravel()
    if levels[0] > levels[1]:
        flip = np.ones(value_shape(condition)[-1], bool)
        value, levels = trace.add(ops.Binarize, condition, value, threshold=np.float32(0), flip=flip), levels[::-1]
    if np.array_equal(levels, [-1, 1]):
        return [value]
    return [trace.add(ops.Quantize, op.outputs[0], value, levels=levels.copy(), boundaries=np.zeros(1, np.float32))]

"""Arithmetic and activations in TensorFlow Lite's operators."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import GraphError
from larq_focal.network.tflite.write.emitter import Emitter
from larq_focal.network.tflite.write.operators import write


@write.register
def _(op: ops.Affine, emitter: Emitter) -> None:
    """SUB, MUL and ADD, without those that change nothing."""
    fused = emitter.fused_activation(op)
    steps = [("SUB", op.mean), ("MUL", op.scale), ("ADD", op.bias)]
    steps = [(kind, constant) for kind, constant in steps if np.any(constant != (kind == "MUL"))]
    if not steps:
        steps = [("MUL", op.scale)]
    tensor = emitter.value(op.inputs[0])
    for index, (kind, constant) in enumerate(steps):
        tensor = emitter.add(
            kind,
            tensor,
            emitter.constant(constant),
            shape=op.shape,
            options=f"{kind.title()}Options",
            fusedActivationFunction=fused if index == len(steps) - 1 else 0,
        )
    emitter.finish(op, tensor)


@write.register
def _(op: ops.Add, emitter: Emitter) -> None:
    _combine(op, emitter, "ADD")


@write.register
def _(op: ops.Multiply, emitter: Emitter) -> None:
    _combine(op, emitter, "MUL")


def _combine(op: ops.Op, emitter: Emitter, kind: str) -> None:
    """All inputs, from the first on."""
    first, *others = op.inputs
    tensor, shape = emitter.value(first), emitter.graph[first].shape
    if not others:
        tensor = emitter.reshape(tensor, op.shape)
    for index, name in enumerate(others, 1):
        shape = np.broadcast_shapes(shape, emitter.graph[name].shape)
        fused = emitter.fused_activation(op) if index == len(others) else 0
        fields = {"options": f"{kind.title()}Options", "fusedActivationFunction": fused}
        tensor = emitter.add(kind, tensor, emitter.value(name), shape=shape, **fields)
    emitter.finish(op, tensor)


_PLAIN = {
    "relu": "RELU",
    "relu6": "RELU6",
    "relu_n1_to_1": "RELU_N1_TO_1",
    "sigmoid": "LOGISTIC",
    "tanh": "TANH",
    "abs": "ABS",
    "square": "SQUARE",
    "sqrt": "SQRT",
    "floor": "FLOOR",
}


@write.register
def _(op: ops.Activation, emitter: Emitter) -> None:
    tensor, shape = emitter.value(op.inputs[0]), op.shape
    match op.kind:
        case "clip":
            tensor = clip(emitter, tensor, *op.alpha, shape)
        case "hard_sigmoid":
            tensor = emitter.add("MUL", tensor, emitter.constant(0.2), shape=shape, options="MulOptions")
            tensor = emitter.add("ADD", tensor, emitter.constant(0.5), shape=shape, options="AddOptions")
            tensor = clip(emitter, tensor, 0, 1, shape)
        case "prelu":
            tensor = emitter.add("PRELU", tensor, emitter.constant(op.alpha), shape=shape)
        case "leaky_relu":
            slope = float(np.asarray(op.alpha).item())
            tensor = emitter.add("LEAKY_RELU", tensor, shape=shape, options="LeakyReluOptions", alpha=slope)
        case "softmax":
            tensor = emitter.add("SOFTMAX", tensor, shape=shape, options="SoftmaxOptions", beta=1.0)
        case kind if kind in _PLAIN:
            tensor = emitter.add(_PLAIN[kind], tensor, shape=shape)
        case kind:
            raise GraphError(f"'{op.name}' cannot be written as TensorFlow Lite: there is no activation '{kind}'.")
    emitter.finish(op, tensor)


def clip(emitter: Emitter, tensor: int, low: float, high: float, shape: ops.Shape) -> int:
    """Adds ``min(max(x, low), high)``, without infinite limits."""
    if low != -np.inf or high == np.inf:
        tensor = emitter.add("MAXIMUM", tensor, emitter.constant(low), shape=shape)
    if high != np.inf:
        tensor = emitter.add("MINIMUM", tensor, emitter.constant(high), shape=shape)
    return tensor

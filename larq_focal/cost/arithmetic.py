"""Multiply-accumulates by operand width, ACE, and the operations beside them, of one inference."""

from __future__ import annotations

from collections import Counter
from functools import singledispatch

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph

Bits = tuple[int, int]

_ACTIVATION_STEPS: dict[str, dict[str, int]] = {
    "relu": {"compare": 1},
    "relu6": {"compare": 2},
    "relu_n1_to_1": {"compare": 2},
    "clip": {"compare": 2},
    "prelu": {"compare": 1, "multiply": 1},
    "leaky_relu": {"compare": 1, "multiply": 1},
    "hard_sigmoid": {"multiply": 1, "add": 1, "compare": 2},
    "square": {"multiply": 1},
    "floor": {"round": 1},
}


def macs_by_bits(graph: QuantGraph) -> Counter[Bits]:
    """Multiply-accumulates by (weight bits, activation bits); pixels of the padding count as any other.

    In a product of two values the wider one stands in the place of the weights.
    """
    return sum((op_macs(op, graph) for op in graph), Counter())


@singledispatch
def op_macs(op: ops.Op, graph: QuantGraph) -> Counter[Bits]:
    """Multiply-accumulates of one operation by (weight bits, activation bits)."""
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, and there is no rule for what that multiplies.")


@op_macs.register(ops.Activation)
@op_macs.register(ops.Add)
@op_macs.register(ops.Affine)
@op_macs.register(ops.Binarize)
@op_macs.register(ops.Concat)
@op_macs.register(ops.Embedding)
@op_macs.register(ops.GlobalPool)
@op_macs.register(ops.Input)
@op_macs.register(ops.Multiply)
@op_macs.register(ops.Pad)
@op_macs.register(ops.Pool2D)
@op_macs.register(ops.Quantize)
@op_macs.register(ops.Reshape)
@op_macs.register(ops.Slice)
@op_macs.register(ops.Standardize)
@op_macs.register(ops.UniformQuantize)
def _(op, graph):
    return Counter()


@op_macs.register
def _(op: ops.Weighted, graph):
    return Counter({(op.kernel.bits, graph.input_bits(op)): op.macs})


@op_macs.register
def _(op: ops.Einsum, graph):
    narrow, wide = sorted(graph.bits(name) for name in op.inputs)
    return Counter({(wide, narrow): op.macs(tuple(graph[name].shape for name in op.inputs))})


@op_macs.register
def _(op: ops.Unknown, graph):
    return sum((Counter({(weight, value): count}) for weight, value, count in op.macs_by_bits or ()), Counter())


def ace(macs: Counter[Bits]) -> int:
    """Arithmetic computation effort: the sum over multiply-accumulates of weight bits times activation bits.

    A binary one counts 1, int8 64, bfloat16 256 and float32 1024. Source: Zhang, Zhang and Lew, "PokeBNN: A Binary
    Pursuit of Lightweight Accuracy", CVPR 2022.
    """
    return sum(count * weight_bits * input_bits for (weight_bits, input_bits), count in macs.items())


def other_ops(graph: QuantGraph, op: ops.Op) -> Counter[str]:
    """Scalar operations of ``op`` that are not multiply-accumulates, by kind.

    Kinds are add, multiply, compare and round; functions such as sigmoid count as one operation of their name per
    element, and an operation that the graph does not describe as its kind, or "unknown <kind>" if it is not counted.
    Moving data counts as nothing. Nothing is fused: a scale and a batch normalisation that an engine applies in one
    step count as two multiplications.
    """
    elements = int(np.prod(op.shape))
    return +Counter({kind: count * elements for kind, count in steps_per_element(op, graph).items()})


@singledispatch
def steps_per_element(op: ops.Op, graph: QuantGraph) -> dict[str, int]:
    """Scalar operations for each element of the value of ``op``."""
    raise TypeError(f"'{op.name}' is a {type(op).__name__}, and there is no rule for what that computes.")


@steps_per_element.register(ops.Concat)
@steps_per_element.register(ops.Einsum)
@steps_per_element.register(ops.Embedding)
@steps_per_element.register(ops.Input)
@steps_per_element.register(ops.Pad)
@steps_per_element.register(ops.Reshape)
@steps_per_element.register(ops.Slice)
def _(op, graph):
    return {}


@steps_per_element.register
def _(op: ops.Weighted, graph):
    return {"add": int(op.bias is not None), "multiply": int(op.kernel.stored_scales > 0)}


@steps_per_element.register
def _(op: ops.Affine, graph):
    return {"multiply": 1, "add": 1}


@steps_per_element.register
def _(op: ops.Standardize, graph):
    return {"add": 3, "multiply": 2}  # mean, distance and its square; the few divisions and roots are left out


@steps_per_element.register
def _(op: ops.Binarize, graph):
    return {"compare": 1}


@steps_per_element.register
def _(op: ops.Quantize, graph):
    return {"compare": len(op.boundaries)}


@steps_per_element.register
def _(op: ops.UniformQuantize, graph):
    return {"multiply": 1, "round": 1}


@steps_per_element.register
def _(op: ops.Add, graph):
    return {"add": len(op.inputs) - 1}


@steps_per_element.register
def _(op: ops.Multiply, graph):
    return {"multiply": len(op.inputs) - 1}


@steps_per_element.register
def _(op: ops.Pool2D, graph):
    return _pool_steps(op.kind, op.size[0] * op.size[1])


@steps_per_element.register
def _(op: ops.GlobalPool, graph):
    return _pool_steps(op.kind, int(np.prod(graph[op.inputs[0]].shape) // np.prod(op.shape)))


@steps_per_element.register
def _(op: ops.Activation, graph):
    return _ACTIVATION_STEPS.get(op.kind, {op.kind: 1})


@steps_per_element.register
def _(op: ops.Unknown, graph):
    return {op.kind if op.is_counted else f"unknown {op.kind}": 1}


def _pool_steps(kind: str, window: int) -> dict[str, int]:
    return {"compare": window - 1} if kind == "max" else {"add": window - 1, "multiply": 1}

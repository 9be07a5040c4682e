"""Multiply-accumulates by operand width, ACE, and the operations beside them, of one inference."""

from __future__ import annotations

from collections import Counter

import numpy as np

from larq_focal.cost.parameters import scale_count
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import (
    Activation,
    Add,
    Affine,
    Binarize,
    GlobalPool,
    Linear,
    Multiply,
    Op,
    Pool2D,
    Quantize,
    UniformQuantize,
    Unknown,
)

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
    """Multiply-accumulates by (weight bits, activation bits); pixels of the padding count as any other."""
    counts: Counter[Bits] = Counter()
    for op in graph.layers:
        counts[op.kernel.bits, graph.input_bits(op)] += op.macs
    return counts


def ace(macs: Counter[Bits]) -> int:
    """Arithmetic computation effort: the sum over multiply-accumulates of weight bits times activation bits.

    A binary one counts 1, int8 64, bfloat16 256 and float32 1024. Source: Zhang, Zhang and Lew, "PokeBNN: A Binary
    Pursuit of Lightweight Accuracy", CVPR 2022.
    """
    return sum(count * weight_bits * input_bits for (weight_bits, input_bits), count in macs.items())


def other_ops(graph: QuantGraph, op: Op) -> Counter[str]:
    """Scalar operations of ``op`` that are no multiply-accumulates, by kind.

    Kinds are add, multiply, compare and round; functions such as sigmoid count as one operation of their name per
    element, and an operation that was not understood as "unknown <kind>". Moving data counts as nothing. Nothing is
    fused: a scale and a batch normalisation that an engine applies in one step count as two multiplications.
    """
    elements = int(np.prod(op.shape))
    return +Counter({kind: count * elements for kind, count in _steps_per_element(graph, op).items()})


def _steps_per_element(graph: QuantGraph, op: Op) -> dict[str, int]:
    match op:
        case Linear():
            return {"add": int(op.bias is not None), "multiply": int(scale_count(op.kernel) > 0)}
        case Affine():
            return {"multiply": 1, "add": 1}
        case Binarize():
            return {"compare": 1}
        case Quantize():
            return {"compare": len(op.boundaries)}
        case UniformQuantize():
            return {"multiply": 1, "round": 1}
        case Add():
            return {"add": len(op.inputs) - 1}
        case Multiply():
            return {"multiply": len(op.inputs) - 1}
        case Pool2D():
            return _pool_steps(op.kind, op.size[0] * op.size[1])
        case GlobalPool():
            return _pool_steps(op.kind, int(np.prod(graph[op.inputs[0]].shape) // np.prod(op.shape)))
        case Activation():
            return _ACTIVATION_STEPS.get(op.kind, {op.kind: 1})
        case Unknown():
            return {f"unknown {op.kind}": 1}
    return {}


def _pool_steps(kind: str, window: int) -> dict[str, int]:
    return {"compare": window - 1} if kind == "max" else {"add": window - 1, "multiply": 1}

"""Multiply-accumulates by operand width, ACE, and the operations beside them, of one inference."""

from __future__ import annotations

from collections import Counter
from math import prod

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Bits, Op


def macs_by_bits(graph: QuantGraph) -> Counter[Bits]:
    """Multiply-accumulates by (weight bits, activation bits); pixels of the padding count as any other.

    In a product of two values the wider one stands in the place of the weights.
    """
    return sum((op_macs(op, graph) for op in graph), Counter())


def op_macs(op: Op, graph: QuantGraph) -> Counter[Bits]:
    """Multiply-accumulates of one operation by (weight bits, activation bits)."""
    return op.products([graph.bits(name) for name in op.inputs], [graph[name].shape for name in op.inputs])


def ace(macs: Counter[Bits]) -> int:
    """Arithmetic computation effort: the sum over multiply-accumulates of weight bits times activation bits.

    A binary one counts 1, int8 64, bfloat16 256 and float32 1024. Source: Zhang, Zhang and Lew, "PokeBNN: A Binary
    Pursuit of Lightweight Accuracy", CVPR 2022.
    """
    return sum(count * weight_bits * input_bits for (weight_bits, input_bits), count in macs.items())


def other_ops(graph: QuantGraph, op: Op) -> Counter[str]:
    """Scalar operations of ``op`` that are not multiply-accumulates, by kind.

    Kinds are add, multiply, compare and round; functions such as sigmoid count as one operation of their name per
    element, and an operation that the graph does not describe as its kind, or "unknown <kind>" if it is not counted.
    Moving data counts as nothing. Nothing is fused: a scale and a batch normalisation that an engine applies in one
    step count as two multiplications.
    """
    steps = op.steps_per_element([graph[name].shape for name in op.inputs])
    return +Counter({kind: count * prod(op.shape) for kind, count in steps.items()})

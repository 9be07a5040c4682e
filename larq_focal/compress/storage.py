"""What the weights of a layer become in a TensorFlow Lite file with the rest in int8, and the bytes that they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from larq_focal.network import ops
from larq_focal.network.few_bits import operator_of, packed_bytes, takes_few_bits
from larq_focal.network.graph import QuantGraph
from larq_focal.network.int8 import takes_integers
from larq_focal.network.passes.packing_reasons import why_not_packed

Form = Literal["packed", "int8", "float"]


@dataclass(frozen=True)
class Storage:
    """``form`` says how weights are kept, ``operator`` by which operator, ``bytes`` what the weights alone take."""

    form: Form
    operator: str
    bytes: int

    def __str__(self) -> str:
        return f"{self.form} ({self.operator})"


_STOCK = {ops.Conv2D: "CONV_2D", ops.Dense: "FULLY_CONNECTED"}


def stored_weights(op: ops.Linear, graph: QuantGraph | None = None) -> Storage:
    """What the weights of a layer under maps of 8 bits become, or under signs where they are those of its ``graph``.

    Packed are signs under signs, by Larq Compute Engine's operator, and 1 to 4 bits under others, by operators of
    larq_focal's delegate. Grouped layers, those that are no smaller in words of 32 channels, and those with 5 to 8 bits
    are kept as int8. Layers that no operator of int8 takes stay float. Float weights count as the
    int8 that they are rounded to.
    """
    if graph is not None and graph.is_binary(op) and why_not_packed(graph, op) is None:
        return Storage("packed", "LceBconv2d", packed_bytes(op))
    if takes_few_bits(op):
        return Storage("packed", operator_of(op), packed_bytes(op))
    is_depthwise = isinstance(op, ops.Conv2D) and op.is_depthwise
    operator = "DEPTHWISE_CONV_2D" if is_depthwise else _STOCK[type(op)]
    if takes_integers(op):
        return Storage("int8", operator, op.kernel.size)
    return Storage("float", operator, 4 * op.kernel.size)

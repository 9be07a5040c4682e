"""What the weights of a layer become in a TensorFlow Lite file with the rest in int8, and the bytes that they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from larq_focal.network import ops
from larq_focal.network.few_bits import CONVOLUTION, DENSE, takes_few_bits, weight_coding
from larq_focal.network.int8 import takes_integers
from larq_focal.network.packing import words_for

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


def stored_weights(op: ops.Linear) -> Storage:
    """What the weights of a layer under maps of 8 bits become.

    Packed are 1 to 4 bits, in operators that need larq_focal's delegate. Grouped and depthwise layers, small ones, and
    those with 5 to 8 bits are kept as int8: fewer bits there make the file no smaller. Layers that no operator of int8
    takes stay float. Float weights count as the int8 that they are rounded to.
    """
    if takes_few_bits(op):
        *window, channels, out = op.kernel.shape
        words = weight_coding(op.kernel.codes).bits * words_for(channels)
        return Storage(
            "packed", CONVOLUTION if isinstance(op, ops.Conv2D) else DENSE, 4 * words * int(np.prod(window)) * out
        )
    is_depthwise = isinstance(op, ops.Conv2D) and op.is_depthwise
    operator = "DEPTHWISE_CONV_2D" if is_depthwise else _STOCK[type(op)]
    if takes_integers(op):
        return Storage("int8", operator, op.kernel.size)
    return Storage("float", operator, 4 * op.kernel.size)

"""What all operations share, the inputs of a network, and what the graph cannot describe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from larq_focal.network.kernel import FLOAT_BITS, Kernel

Shape = tuple[int, ...]
Pair = tuple[int, int]
Padding = Literal["same", "valid"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Op:
    """Base of all operations.

    ``name`` is unique and names the value that the operation produces; ``inputs`` are names of earlier operations;
    ``shape`` is the produced shape; ``origin`` is the Keras layer or flatbuffer tensor that it was read from.
    """

    name: str
    inputs: tuple[str, ...] = ()
    shape: Shape
    origin: str = ""

    def value_bits(self, input_bits: tuple[int, ...]) -> int:
        """Bits of one element of the produced value, given those of the inputs."""
        return FLOAT_BITS

    def fault(self, input_shapes: tuple[Shape, ...]) -> str | None:
        """What contradicts values of these shapes as inputs, to be read behind the operation's name; else None."""
        return None


class KeepsLevels(Op):
    """An operation that only moves or selects elements, so that k-level values stay k-level."""

    def value_bits(self, input_bits: tuple[int, ...]) -> int:
        return max(input_bits)


@dataclass(frozen=True, eq=False, kw_only=True)
class Input(Op):
    """A network input; ``bits`` is 8 where the user feeds 8-bit integers, else 32."""

    bits: int = FLOAT_BITS

    def value_bits(self, input_bits):
        return self.bits


@dataclass(frozen=True, eq=False, kw_only=True)
class Unknown(Op):
    """Something that the graph does not describe; ``kind`` names it. The interpreter refuses it.

    ``weights`` holds what it stores and ``macs_by_bits`` its multiply-accumulates of one inference, as (weight bits,
    input bits, count) for each pair of widths; None where that is not known. ``bits`` is the width of its value.
    """

    kind: str
    bits: int = FLOAT_BITS
    weights: tuple[Kernel, ...] | None = None
    macs_by_bits: tuple[tuple[int, int, int], ...] | None = None

    def value_bits(self, input_bits):
        return self.bits

    @property
    def is_counted(self) -> bool:
        """Whether it is known what it stores and how much it multiplies."""
        return self.weights is not None and self.macs_by_bits is not None

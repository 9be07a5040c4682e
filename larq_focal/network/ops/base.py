"""What all operations share and answer, the inputs of a network, and what the graph cannot describe."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.ops.numbers import Numbers, numbers_of_kernel

Shape = tuple[int, ...]
Pair = tuple[int, int]
Padding = Literal["same", "valid"]
Bits = tuple[int, int]
"""Width of a weight and of what it is multiplied with."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Op(ABC):
    """Base of all operations.

    ``name`` is unique and names the value that the operation produces; ``inputs`` are names of earlier operations;
    ``shape`` is the produced shape; ``origin`` is the Keras layer or flatbuffer tensor that it was read from.

    Passes and costs ask an operation what it is by what is abstract here. A class that leaves an answer out cannot be
    made, so that nothing counts as nothing because it was forgotten.
    """

    name: str
    inputs: tuple[str, ...] = ()
    shape: Shape
    origin: str = ""

    @property
    @abstractmethod
    def moves_elements(self) -> bool:
        """Whether each element of the value is one of an input, or a constant beside these: nothing is computed."""

    @property
    @abstractmethod
    def works_in_place(self) -> bool:
        """Whether engines can write the value over the one input, element by element."""

    @property
    @abstractmethod
    def is_monotonic(self) -> bool:
        """Whether each element of the value never falls, or never rises, with each element that it depends on.

        In float arithmetic too, whose rounding keeps order.
        """

    @property
    @abstractmethod
    def constant_axes(self) -> int | None:
        """How many axes of the value the constants vary over: 0 for none, 1 for the channels, more for pixels too.

        None where the operation is not element-wise: an element depends on others than those at its place.
        """

    @abstractmethod
    def numbers(self) -> tuple[Numbers, ...]:
        """What inference keeps in memory, by the form of the operation alone and never by the values.

        Kernels count at the width of their codes; biases, thresholds and learned slopes at 32 bits. Single numbers
        that are part of an operation (levels, the slope of a leaky ReLU, the threshold of a plain sign) do not count.
        """

    @abstractmethod
    def products(self, input_bits: Sequence[int], input_shapes: Sequence[Shape]) -> Counter[Bits]:
        """Multiply-accumulates of one inference by (weight bits, input bits); padding counts as any other pixel.

        In a product of two values the wider one stands in the place of the weights.
        """

    @abstractmethod
    def steps_per_element(self, input_shapes: Sequence[Shape]) -> dict[str, int]:
        """Scalar operations beside the products for each element of the value, by kind.

        Kinds are add, multiply, compare and round; a function such as sigmoid counts as one of its name.
        """

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the most that an element may be whatever the inputs are."""
        return -np.inf, np.inf

    @property
    def label(self) -> str:
        """What the operation is called in tables."""
        return type(self).__name__

    @property
    def is_counted(self) -> bool:
        """Whether it is known what it stores and how much it multiplies."""
        return True

    def value_bits(self, input_bits: tuple[int, ...]) -> int:
        """Bits of one element of the produced value, given those of the inputs."""
        return max(input_bits) if self.moves_elements else FLOAT_BITS

    def fault(self, input_shapes: tuple[Shape, ...]) -> str | None:
        """What contradicts values of these shapes as inputs, to be read behind the operation's name; else None."""
        return None

    def shape_fault(self, input_shapes: tuple[Shape, ...]) -> str | None:
        """What contradicts the stated shape where it is a parameter, which computing with it does not tell."""
        return None


class Weightless(Op):
    """An operation that stores no numbers and multiplies no values with weights or with each other."""

    def numbers(self):
        return ()

    def products(self, input_bits, input_shapes):
        return Counter()


class NotElementwise(Op):
    """An operation whose elements are computed from several elements, rising with some and falling with others."""

    moves_elements = False
    works_in_place = False
    is_monotonic = False
    constant_axes = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Input(Weightless, NotElementwise):
    """A network input; ``bits`` is the width of the integers that the user feeds, 32 where those are floats.

    Integers stand for themselves, as those of pixels do, or, where the input ``has_grid``, for the numbers of the
    ``UniformQuantize`` that follows.
    """

    bits: int = FLOAT_BITS
    has_grid: bool = False

    @property
    def takes_bytes(self) -> bool:
        """Whether its values are whole numbers from 0 to 255."""
        return self.bits == 8 and not self.has_grid

    def steps_per_element(self, input_shapes):
        return {}

    @property
    def limits(self):
        return (0, 255) if self.takes_bytes else super().limits

    def value_bits(self, input_bits):
        return self.bits


@dataclass(frozen=True, eq=False, kw_only=True)
class Unknown(NotElementwise):
    """Something that the graph does not describe; ``kind`` names it. The interpreter refuses it, unless it has a file.

    ``weights`` holds what it stores and ``macs_by_bits`` its multiply-accumulates of one inference, as (weight bits,
    input bits, count) for each pair of widths; None where that is not known. ``bits`` is the width of its value.

    ``file`` is the operator of a TensorFlow Lite file that it was, as a file of its own (uint8 ``[n]``), of which this
    is the value number ``output``: it is carried along as it stands, and LiteRT computes it.
    """

    kind: str
    bits: int = FLOAT_BITS
    weights: tuple[Kernel, ...] | None = None
    macs_by_bits: tuple[tuple[int, int, int], ...] | None = None
    file: np.ndarray | None = None
    output: int = 0

    def numbers(self):
        return tuple(numbers for kernel in self.weights or () for numbers in numbers_of_kernel(kernel))

    def products(self, input_bits, input_shapes):
        counts: Counter[Bits] = Counter()
        for weight, value, count in self.macs_by_bits or ():
            counts[weight, value] += count
        return counts

    def steps_per_element(self, input_shapes):
        return {self.kind if self.is_counted else f"unknown {self.kind}": 1}

    @property
    def label(self):
        return self.kind if self.is_counted else f"Unknown: {self.kind}"

    @property
    def is_counted(self):
        return self.weights is not None and self.macs_by_bits is not None

    def value_bits(self, input_bits):
        return self.bits

"""Products of two values, and tables that values are looked up in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from larq_focal.network.kernel import Kernel
from larq_focal.network.ops.base import NotElementwise, Shape
from larq_focal.network.ops.numbers import numbers_of_kernel


@dataclass(frozen=True, eq=False, kw_only=True)
class Einsum(NotElementwise):
    """A sum of products of two values, in Einstein's notation: "bqc,bkc->bqk" for the scores of an attention.

    The first letter of each term of ``equation`` is the batch axis.
    """

    equation: str

    @property
    def terms(self) -> tuple[str, str, str]:
        """The axes of the two inputs and of the result, a letter each."""
        inputs, result = self.equation.split("->")
        first, second = inputs.split(",")
        return first, second, result

    def sizes(self, input_shapes: tuple[Shape, ...]) -> dict[str, int]:
        """The size of each axis but the batch, by its letter."""
        return {
            letter: size
            for term, shape in zip(self.terms, input_shapes, strict=False)
            for letter, size in zip(term[1:], shape, strict=True)
        }

    def macs(self, input_shapes: tuple[Shape, ...]) -> int:
        """Multiply-accumulates of one inference."""
        return int(np.prod(list(self.sizes(input_shapes).values())))

    def numbers(self):
        return ()

    def products(self, input_bits, input_shapes):
        narrow, wide = sorted(input_bits)
        return Counter({(wide, narrow): self.macs(tuple(input_shapes))})

    def steps_per_element(self, input_shapes):
        return {}

    def fault(self, input_shapes):
        try:
            (first, second, result), sizes = self.terms, self.sizes(input_shapes)
            shapes = tuple(tuple(sizes[letter] for letter in term[1:]) for term in (first, second, result))
            if len({first[:1], second[:1], result[:1]}) == 1 and shapes == (*input_shapes, self.shape):
                return None
        except (KeyError, ValueError):
            pass
        return f"computes '{self.equation}', which does not map the shapes {input_shapes} to {self.shape}."


@dataclass(frozen=True, eq=False, kw_only=True)
class Embedding(NotElementwise):
    """A row of ``kernel`` ``[entries, size]`` for each integer of the input."""

    kernel: Kernel

    def numbers(self):
        return tuple(numbers_of_kernel(self.kernel))

    def products(self, input_bits, input_shapes):
        return Counter()

    def steps_per_element(self, input_shapes):
        return {}

    def value_bits(self, input_bits):
        return self.kernel.bits

    def fault(self, input_shapes):
        if self.shape != (*input_shapes[0], self.kernel.shape[-1]):
            return f"looks up {input_shapes[0]} rows of {self.kernel.shape[-1]}, which are not {self.shape}."
        return None

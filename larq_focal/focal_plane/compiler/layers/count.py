"""Arithmetic on bits that each pixel does for itself, in NOR logic."""

from __future__ import annotations

from collections.abc import Sequence

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane


def accumulator_bits(fan_in: int) -> int:
    """Bits of a count from 0 to ``fan_in``: ``floor(log2(fan_in)) + 1``."""
    return fan_in.bit_length()


def half_adder(code: Code, a: Operand, b: Operand, into: Plane | None = None) -> tuple[Plane, Plane]:
    """Sum and carry of two bits, in five words; the sum may go ``into`` one of them."""
    neither = code.nor(a, b)
    carry = code.nor(code.nor(a), code.nor(b))
    return code.nor(neither, carry, into=into), carry


def full_adder(code: Code, a: Operand, b: Operand, c: Operand) -> tuple[Plane, Plane]:
    """Sum and carry of three bits, in nine words."""
    neither = code.nor(a, b)
    alike = code.nor(code.nor(a, neither), code.nor(b, neither))
    none = code.nor(alike, c)
    total = code.nor(code.nor(alike, none), code.nor(c, none))
    return total, code.nor(neither, none)


def alike(code: Code, x: Operand, parts: Sequence[Operand], invert: bool = False) -> Plane:
    """Whether ``x`` equals the union of up to three planes (or differs from it), in four words."""
    neither = code.nor(x, *parts)
    gate = code.either if invert else code.nor
    return gate(code.nor(x, neither), code.nor(*parts, neither))


class Count:
    """A growing sum of one-bit inputs in binary columns.

    A column below ``deferred`` keeps a second bit until a third comes (carry-save: fewer words). The others add every
    bit to the one plane that they hold (ripple: fewer planes, which stay where they are, so that code repeats).
    Carry-save compression is that of C. S. Wallace, "A suggestion for a fast multiplier", IEEE Trans. Electronic
    Computers EC-13 (1964).

    Args:
        code: where the instructions go.
        deferred: columns, from the lowest, that hold two bits.
    """

    def __init__(self, code: Code, deferred: int):
        self._code = code
        self._deferred = deferred
        self._columns: list[list[Operand]] = []
        self.largest = 0

    def add(self, bit: Operand, column: int = 0) -> None:
        """Counts one more input, ``2**column`` times.

        The plane must keep its value, for the count may hold it as it is.
        """
        self.largest += 1 << column
        if column >= self._deferred and not any(self._columns[column : column + 1]):
            bit = self._code.either(bit)  # the column is about to change it
        self._add(bit, column)

    def bits(self) -> list[Operand]:
        """The count, lowest bit first."""
        for column in range(len(self._columns)):
            if len(self._columns[column]) > 1:
                self._combine(column)
        return [bits[0] if bits else self._zeros() for bits in self._columns]

    def _zeros(self) -> Plane:
        plane = Plane("zeros")
        self._code.emit("CLR", plane)
        return plane

    def _add(self, bit: Operand, column: int) -> None:
        while column >= len(self._columns):
            self._columns.append([])
        self._code.split()
        if column < self._deferred:
            self._columns[column].append(bit)
            if len(self._columns[column]) > 2:
                self._combine(column)
        elif not self._columns[column]:
            self._columns[column].append(bit)
        else:
            self._ripple(bit, column)

    def _combine(self, column: int) -> None:
        """Leaves one bit in a column that defers, and carries another to the next."""
        bits, self._columns[column] = self._columns[column], []
        if self._cannot_carry(column):
            self._columns[column] = [self._code.either(*bits)]
            return
        adder = full_adder if len(bits) == 3 else half_adder
        total, carry = adder(self._code, *bits)
        self._columns[column] = [total]
        self._add(carry, column + 1)

    def _ripple(self, bit: Operand, column: int) -> None:
        held = self._columns[column][0]
        if self._cannot_carry(column):
            self._code.emit("OR", held, bit)
            return
        _, carry = half_adder(self._code, held, bit, into=held)
        self._add(carry, column + 1)

    def _cannot_carry(self, column: int) -> bool:
        """Whether no two bits of this weight can be set at once."""
        return self.largest < 2 << column

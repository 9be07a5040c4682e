"""Rounding to powers of two, whose products are shifts."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, with_gradient
from larq_focal.quantizers.parts.base import Quantizer


def _slope(x: Tensor, lowest: int, highest: int, zero_below: float) -> Tensor:
    return ops.cast(ops.abs(ops.cast(x, "float32")) <= 2.0**highest, x.dtype)


@with_gradient(_slope)
def power_of_two(x: Tensor, lowest: int, highest: int, zero_below: float) -> Tensor:
    """The power of two with the nearest exponent from ``lowest`` to ``highest``, with the sign of ``x``.

    Backward, the gradient passes where |x| <= 2^highest.

    Args:
        x: Any shape.
        lowest: The least exponent.
        highest: The greatest exponent.
        zero_below: Smaller magnitudes become 0.
    """
    magnitude = ops.abs(ops.cast(x, "float32"))
    # Comparisons with the middles, because TensorFlow's logarithms differ in their last bit from place to place.
    power = ops.where(magnitude >= zero_below, 2.0**lowest, 0.0)
    for exponent in range(lowest + 1, highest + 1):
        power = ops.where(magnitude >= 2.0 ** (exponent - 0.5), 2.0**exponent, power)
    return ops.sign(x) * ops.cast(power, x.dtype)


class PowersOfTwo(Quantizer):
    """What the quantizers to powers of two share: they differ in how the exponents are given."""

    lowest: int
    highest: int
    zero_below: float

    @property
    def precision(self) -> int:
        powers_and_zero = self.highest - self.lowest + 2
        return (2 * powers_and_zero - 2).bit_length()  # zero has no sign

    def call(self, inputs):
        return power_of_two(inputs, self.lowest, self.highest, self.zero_below)

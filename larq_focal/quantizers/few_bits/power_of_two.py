"""Quantizer to the powers of two in a range of exponents."""

from __future__ import annotations

from larq_focal.quantizers.parts.powers_of_two import PowersOfTwo
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["PowerOfTwo"]


@quantizer_row(
    levels="0, +-2^lowest, ..., +-2^highest",
    kernel="float",
    activation="float",
    lowering="a float convolution; 8-bit integers hold up to seven exponents exactly",
    needs_clip=True,
    reading="steps",
)
class PowerOfTwo(PowersOfTwo):
    """Powers of two in a range of exponents, and zero.

        q(x) = sign(x) * 2^e,  e = round(log2|x|) limited to lowest and highest;  0 where |x| < 2^(lowest - 1)
        dq/dx = 1 if |x| <= 2^highest else 0

    As 8-bit integers these are exact where the range spans at most seven exponents.

    Args:
        lowest: The least exponent.
        highest: The greatest exponent.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: A range that is empty, or that float32 does not hold.

    Source:
        Long, Zeng, Ben, Zhou and Zhang, "A Novel Low-Bit Quantization Strategy for Compressing Deep Neural Networks",
        Computational Intelligence and Neuroscience 2020; QKeras, quantized_po2.
    """

    def __init__(self, lowest: int = -6, highest: int = 0, **kwargs):
        super().__init__(**kwargs)
        if not -100 <= lowest <= highest <= 100:
            raise ValueError(
                "PowerOfTwo: lowest must not exceed highest, both from -100 to 100, but they are "
                f"{lowest} and {highest}."
            )
        self.lowest = lowest
        self.highest = highest
        self.zero_below = 2.0 ** (lowest - 1)

    def get_config(self):
        return {**super().get_config(), "lowest": self.lowest, "highest": self.highest}

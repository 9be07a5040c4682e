"""Quantizer to powers of two, as LogNet counts their exponents."""

from __future__ import annotations

from larq_focal.quantizers.parts.powers_of_two import PowersOfTwo
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["LogQuant"]


@quantizer_row(
    levels="0, +-2^(s - 2^bits + 1), ..., +-2^s with the full scale s",
    kernel="float",
    activation="float",
    lowering="a float convolution; 8-bit integers hold its levels exactly up to bits=2",
    needs_clip=True,
    reading="steps",
)
class LogQuant(PowersOfTwo):
    """Logarithmic data: the exponent as an integer of a few bits, and a sign.

        q(x) = sign(x) * 2^e,  e = round(log2|x|) limited to full_scale - 2^bits and full_scale;  0 at the lower limit
        dq/dx = 1 if |x| <= 2^full_scale else 0

    Args:
        bits: Of the exponent, 1 to 5; with the sign and with zero it takes up to two more.
        full_scale: The greatest exponent.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: Other bits, or a scale that float32 does not hold.

    Source:
        Miyashita, Lee and Murmann, "Convolutional Neural Networks using Logarithmic Data Representation",
        https://arxiv.org/abs/1603.01025.
    """

    def __init__(self, bits: int = 3, full_scale: int = 0, **kwargs):
        super().__init__(**kwargs)
        if not 1 <= bits <= 5:
            raise ValueError(f"LogQuant: bits must be from 1 to 5, but is {bits}.")
        if not -60 <= full_scale <= 60:
            raise ValueError(f"LogQuant: full_scale must be from -60 to 60, but is {full_scale}.")
        self.bits = bits
        self.full_scale = full_scale
        self.highest = full_scale
        self.lowest = full_scale - 2**bits + 1
        self.zero_below = 2.0 ** (self.lowest - 0.5)

    def get_config(self):
        return {**super().get_config(), "bits": self.bits, "full_scale": self.full_scale}

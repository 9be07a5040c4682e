"""Kernel quantizer to sums of a few powers of two, whose products are a few shifts and additions."""

from __future__ import annotations

import numpy as np

from larq_focal.nn import Tensor, is_within, ops, with_gradient
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["SumOfPowersOfTwo", "sums_of_powers_of_two"]


def sums_of_powers_of_two(terms: int, lowest: int, highest: int) -> np.ndarray:
    """All sums of at most ``terms`` numbers +-2^e with e from ``lowest`` to ``highest``, up to 2^highest, rising."""
    powers = 2.0 ** np.arange(highest - lowest + 1)  # in units of 2^lowest
    steps = np.concatenate([-powers, [0.0], powers])
    sums = np.zeros(1)
    for _ in range(terms):
        sums = np.unique(sums[:, None] + steps)
        sums = sums[np.abs(sums) <= 2 * powers[-1]]  # in some order of the terms no partial sum lies farther out
    return sums[np.abs(sums) <= powers[-1]] * 2.0**lowest


@with_gradient(lambda x, levels: is_within(x, levels[-1]))
def nearest_level(x: Tensor, levels: np.ndarray) -> Tensor:
    """The nearest level, the one farther from 0 of two. Backward, the gradient passes where |x| is in their range.

    Args:
        x: Any shape.
        levels: Rising, each with both signs.
    """
    magnitudes = levels[levels >= 0]
    middles = (magnitudes[1:] + magnitudes[:-1]) / 2
    x32 = ops.cast(x, "float32")
    index = ops.searchsorted(ops.convert_to_tensor(middles, "float32"), ops.reshape(ops.abs(x32), [-1]), side="right")
    nearest = ops.reshape(ops.take(ops.convert_to_tensor(magnitudes, "float32"), index), ops.shape(x))
    return ops.cast(ops.sign(x32) * nearest, x.dtype)


@quantizer_row(
    levels="sums of at most two of 0, +-2^lowest, ..., +-2^highest",
    kernel="float",
    lowering="a float convolution; 8-bit integers hold up to seven exponents exactly",
    needs_clip=True,
)
class SumOfPowersOfTwo(Quantizer):
    """The nearest sum of a few powers of two (LightNN): a product with it is as many shifts and additions.

        q(w) = argmin |w - s| over the sums s of at most ``terms`` numbers +-2^e, e from lowest to highest
        dq/dw = 1 if |w| <= 2^highest else 0

    With one term it rounds to a power of two; each further term at least halves the largest error, down to the even
    levels in steps of 2^lowest.

    Args:
        terms: How many powers a weight may be the sum of, 1 to 8.
        lowest: The least exponent.
        highest: The greatest exponent, at most 14 above.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: Other terms, or a range of exponents that is empty or too wide.

    Source:
        Ding, Liu, Shi, Marculescu and Blanton, "LightNN: Filling the Gap between Conventional Deep Neural Networks and
        Binarized Networks", https://arxiv.org/abs/1802.02178; "CompactNet: High Accuracy Deep Neural Network Optimized
        for On-Chip Implementation", IEEE Big Data 2018.
    """

    def __init__(self, terms: int = 2, lowest: int = -6, highest: int = 0, **kwargs):
        super().__init__(**kwargs)
        if not 1 <= terms <= 8:
            raise ValueError(f"SumOfPowersOfTwo: terms must be from 1 to 8, but is {terms}.")
        if not (-100 <= lowest <= highest <= 100 and highest - lowest <= 14):
            raise ValueError(
                "SumOfPowersOfTwo: lowest must not exceed highest nor lie more than 14 below it, both from -100 to "
                f"100, but they are {lowest} and {highest}."
            )
        self.terms = terms
        self.lowest = lowest
        self.highest = highest
        self.levels = sums_of_powers_of_two(terms, lowest, highest)

    @property
    def precision(self) -> int:
        return (len(self.levels) - 1).bit_length()

    def call(self, inputs):
        return nearest_level(inputs, self.levels)

    def get_config(self):
        return {**super().get_config(), "terms": self.terms, "lowest": self.lowest, "highest": self.highest}

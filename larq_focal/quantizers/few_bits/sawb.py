"""Kernel quantizer of a few bits whose range follows the statistics of the weights (SAWB)."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops, straight_through
from larq_focal.quantizers.parts.base import Quantizer
from larq_focal.quantizers.parts.even_levels import even_levels
from larq_focal.quantizers.parts.row import quantizer_row

__all__ = ["SAWB", "sawb", "sawb_range"]

COEFFICIENTS: dict[int, tuple[float, float]] = {
    2: (3.12, -2.064),
    3: (7.509, -6.892),
    4: (12.68, -12.80),
}
"""c1 and c2 by bits: the line through the ranges of least squared error of six distributions of weights.

Source: https://github.com/foundation-model-stack/fms-model-optimizer, ``fms_mo/quant/quantizers.py``.
"""


def sawb_range(weights: Tensor, bits: int) -> Tensor:
    """c1 sqrt(mean(w^2)) + c2 mean|w|, a scalar of the type of ``weights``; max|w| where that is not positive."""
    c1, c2 = COEFFICIENTS[bits]
    weights32 = ops.cast(weights, "float32")
    magnitudes = ops.abs(weights32)
    fitted = c1 * ops.sqrt(ops.mean(ops.square(weights32))) + c2 * ops.mean(magnitudes)
    return ops.cast(ops.where(fitted > 0, fitted, ops.max(magnitudes)), weights.dtype)


@straight_through
def sawb(weights: Tensor, bits: int) -> Tensor:
    """``weights`` rounded to 2^bits even levels from -range to +range. Backward, the gradient passes unchanged.

    Args:
        weights: Latent weights, any shape.
        bits: 2, 3 or 4.
    """
    limit = sawb_range(weights, bits)
    unit = ops.divide_no_nan(weights, limit)  # where all weights are 0, so is the range
    return limit * even_levels(unit, bits, has_zero=False)


@quantizer_row(
    values=(-1, -1 / 3, 1 / 3, 1),
    levels="2^bits even levels from -a to +a; a follows the kernel's statistics",
    kernel="float",
    lowering="a float convolution, or 2^bits - 1 binary ones in a BinarySumConv2D",
    scales="one",
)
class SAWB(Quantizer):
    """Statistics-aware weight binning: uniform weights of a few bits, in the range of least squared error.

        a = c1 sqrt(mean(w^2)) + c2 mean|w|      (for the whole kernel, again at every step)
        q(w) = the nearest of the 2^bits even levels from -a to +a
        dq/dw = 1

    With two bits the levels are -a, -a/3, a/3 and a.

    Args:
        bits: 2, 3 or 4.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: Other bits.

    Source:
        Choi, Venkataramani, Srinivasan, Gopalakrishnan, Wang and Chuang, "Accurate and Efficient 2-bit Quantized
        Neural Networks", MLSys 2019.
    """

    def __init__(self, bits: int = 2, **kwargs):
        super().__init__(**kwargs)
        if bits not in COEFFICIENTS:
            raise ValueError(f"SAWB: bits must be one of {', '.join(map(str, COEFFICIENTS))}, but is {bits}.")
        self.bits = bits

    @property
    def precision(self) -> int:
        return self.bits

    def call(self, inputs):
        return sawb(inputs, self.bits)

    def get_config(self):
        return {**super().get_config(), "bits": self.bits}

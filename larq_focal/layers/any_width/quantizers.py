"""Quantizers of kernels and of inputs that have several widths, of which a scope chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from larq_focal.layers.any_width.width_scope import checked_widths, present_width
from larq_focal.nn import DoReFa, SteSign, needs_no_constraint, register
from larq_focal.quantizers.parts.base import Quantizer


class _AnyWidth(Quantizer):
    """Base: one quantizer for each width.

    Args:
        widths: Bits, each from 1 to 8.
        **kwargs: As for any Keras layer.

    Shapes:
        Any; the same in and out.

    Raises:
        ValueError: Widths that are not different numbers from 1 to 8; or, computing, a scope of another width.
    """

    def __init__(self, widths: Sequence[int] = (8, 4, 2, 1), **kwargs: Any):
        super().__init__(**kwargs)
        self.widths = checked_widths(type(self).__name__, widths)
        self._each = [self.of_width(bits) for bits in self.widths]

    @staticmethod
    def of_width(bits: int) -> Quantizer:
        """The quantizer of one width."""
        raise NotImplementedError

    @property
    def precision(self) -> int:
        """Bits of its widest values."""
        return max(self.widths)

    def call(self, inputs):
        return self._each[present_width(f"The {type(self).__name__} {self.name!r}", self.widths)](inputs)

    def get_config(self):
        return {**super().get_config(), "widths": list(self.widths)}


@register()
class AnyWidthKernel(_AnyWidth):
    """Kernels of 2^k even levels from -1 to 1, for each width k; those of 1 bit are signs.

        v = tanh(w) / max|tanh(w)|
        q(w) = 2 round((v + 1) / 2 n) / n - 1,  n = 2^k - 1

    as Larq's ``DoReFa`` computes it. The gradient of the rounding is 1. A batch normalisation has to follow: the widths
    differ in magnitude.

    Source:
        Zhou et al., "DoReFa-Net", https://arxiv.org/abs/1606.06160.
    """

    @staticmethod
    def of_width(bits: int) -> Quantizer:
        return DoReFa(bits, mode="weights")


@register()
class AnyWidthInput(_AnyWidth):
    """Inputs of 2^k even levels from 0 to 1, for each width k of 2 and more; those of 1 bit are signs.

    The gradient is 1 where nothing is clipped: from 0 to 1, and of the sign from -1 to 1. The source has 0 and 1 at one
    bit; signs make the convolution a binary one. Pad with 1, which all widths have for a value.

    Source:
        Zhou et al., "DoReFa-Net", https://arxiv.org/abs/1606.06160; the widths of one network as in Yu, Li, Shi, Li,
        Wen and Shi, "Any-Precision Deep Neural Networks", AAAI 2021, https://arxiv.org/abs/1911.07346.
    """

    @staticmethod
    def of_width(bits: int) -> Quantizer:
        return SteSign() if bits == 1 else DoReFa(bits, mode="activations")


needs_no_constraint(AnyWidthKernel)

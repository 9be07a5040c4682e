"""Signs for kernels and inputs alike: they differ in their pseudo-gradient."""

from __future__ import annotations

from larq_focal.keras import larq
from larq_focal.quantizers.registry.row import QuantizerRow
from larq_focal.quantizers.signs.tanh import SigmoidSign, TanhSign

_SIGN = "kernel packed; one packing operation for inputs"

ROWS = (
    QuantizerRow(
        alias="ste_sign",
        quantizer=larq.quantizers.SteSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering=_SIGN,
        source="https://arxiv.org/abs/1602.02830",
        needs_clip=True,
    ),
    QuantizerRow(
        alias="approx_sign",
        quantizer=larq.quantizers.ApproxSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering=_SIGN,
        source="https://arxiv.org/abs/1808.00278",
        needs_clip=True,
    ),
    QuantizerRow(
        alias="swish_sign",
        quantizer=larq.quantizers.SwishSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering=_SIGN,
        source="https://arxiv.org/abs/1812.11800",
        needs_clip=True,
    ),
    QuantizerRow(
        alias="tanh_sign",
        quantizer=TanhSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering=_SIGN,
        source="https://github.com/computational-imaging/PixelRNN",
        needs_clip=True,
    ),
    QuantizerRow(
        alias="sigmoid_sign",
        quantizer=SigmoidSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering=_SIGN,
        source="https://github.com/computational-imaging/PixelRNN",
        needs_clip=True,
    ),
)

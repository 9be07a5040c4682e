"""Quantizers with three levels or more."""

from __future__ import annotations

from larq_focal.keras import larq
from larq_focal.quantizers.registry.row import QuantizerRow

_FLOAT = "values that are no signs stay a float convolution"

ROWS = (
    QuantizerRow(
        alias="ste_tern",
        quantizer=larq.quantizers.SteTern,
        levels="-1, 0, +1",
        kernel="float",
        activation="wrong",
        lowering="the kernel stays a float convolution; inputs are taken for signs, silently",
        source="https://arxiv.org/abs/1605.04711",
    ),
    QuantizerRow(
        alias="dorefa_quantizer",
        quantizer=larq.quantizers.DoReFa,
        levels="0, 1/n, ..., 1 with n = 2^k_bit - 1; from -1 to 1 with mode='weights'",
        kernel="float",
        activation="float",
        lowering=_FLOAT,
        source="https://arxiv.org/abs/1606.06160",
    ),
)

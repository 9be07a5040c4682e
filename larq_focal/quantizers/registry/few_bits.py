"""Quantizers with three levels or more."""

from __future__ import annotations

from larq_focal.keras import larq
from larq_focal.quantizers.pact import PACT
from larq_focal.quantizers.power_of_two import LogQuant, PowerOfTwo
from larq_focal.quantizers.registry.row import QuantizerRow
from larq_focal.quantizers.sawb import SAWB
from larq_focal.quantizers.ternary import TernarySign

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
        alias="ternary_sign",
        quantizer=TernarySign,
        levels="-1, 0, +1",
        kernel=None,
        activation="float",
        lowering="a float convolution; two binary ones in a BinarySumConv2D",
        source="Wan et al., TBN: Convolutional Neural Network with Ternary Inputs and Binary Weights, ECCV 2018",
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
    QuantizerRow(
        alias="pact",
        quantizer=PACT,
        levels="0, c/n, ..., c with a learned c, n = 2^bits - 1",
        kernel=None,
        activation="float",
        lowering=_FLOAT,
        source="https://arxiv.org/abs/1805.06085",
        trainable=("clip",),
    ),
    QuantizerRow(
        alias="sawb",
        quantizer=SAWB,
        levels="2^bits even ones from -a to +a, a by the kernel's statistics",
        kernel="float",
        activation=None,
        lowering=_FLOAT,
        source="Choi et al., Accurate and Efficient 2-bit Quantized Neural Networks, MLSys 2019",
    ),
    QuantizerRow(
        alias="power_of_two",
        quantizer=PowerOfTwo,
        levels="0, +-2^lowest, ..., +-2^highest",
        kernel="float",
        activation="float",
        lowering=_FLOAT,
        source="Long et al., A Novel Low-Bit Quantization Strategy for Compressing Deep Neural Networks, 2020",
    ),
    QuantizerRow(
        alias="log_quant",
        quantizer=LogQuant,
        levels="0, +-2^(s - 2^bits + 1), ..., +-2^s with the full scale s",
        kernel="float",
        activation="float",
        lowering=_FLOAT,
        source="https://arxiv.org/abs/1603.01025",
    ),
)

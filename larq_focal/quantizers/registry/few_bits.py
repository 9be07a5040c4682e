"""Quantizers with three levels or more."""

from __future__ import annotations

from larq_focal.keras import larq
from larq_focal.quantizers.binary_kernels.gumbel import GumbelTemperature
from larq_focal.quantizers.few_bits.gumbel_score_ternary import GumbelScoreTernary
from larq_focal.quantizers.few_bits.lsq import LSQ
from larq_focal.quantizers.few_bits.omse import OMSE
from larq_focal.quantizers.few_bits.pact import PACT
from larq_focal.quantizers.few_bits.power_of_two import LogQuant, PowerOfTwo
from larq_focal.quantizers.few_bits.sawb import SAWB
from larq_focal.quantizers.few_bits.sum_of_powers_of_two import SumOfPowersOfTwo
from larq_focal.quantizers.few_bits.ternary import TernarySign
from larq_focal.quantizers.few_bits.ternary_weights import TernaryWeights
from larq_focal.quantizers.registry.row import QuantizerRow

_TERNARY = "a float convolution, or two binary ones in a BinarySumConv2D"

ROWS = (
    QuantizerRow(
        alias="ste_tern",
        quantizer=larq.quantizers.SteTern,
        levels="-1, 0, +1",
        kernel="float",
        activation="wrong",
        lowering="a float kernel, or two binary ones in a BinarySumConv2D; inputs are taken for signs, silently",
        source="https://arxiv.org/abs/1605.04711",
        kernel_levels=(-1, 0, 1),
        needs_clip=True,
    ),
    QuantizerRow(
        alias="ternary_sign",
        quantizer=TernarySign,
        levels="-1, 0, +1",
        kernel=None,
        activation="float",
        lowering=_TERNARY,
        source="Wan et al., TBN: Convolutional Neural Network with Ternary Inputs and Binary Weights, ECCV 2018",
        input_levels=(-1, 0, 1),
    ),
    QuantizerRow(
        alias="ternary_weights",
        quantizer=TernaryWeights,
        levels="-s, 0, +s with s = mean|w| of the weights that are not 0",
        kernel="float",
        activation=None,
        lowering=_TERNARY,
        source="https://arxiv.org/abs/1605.04711",
        scales="one",
        kernel_levels=(-1, 0, 1),
    ),
    QuantizerRow(
        alias="gumbel_score_ternary",
        quantizer=GumbelScoreTernary,
        levels="-1, 0, +1",
        kernel="float",
        activation=None,
        lowering=_TERNARY,
        source="https://github.com/computational-imaging/PixelRNN",
        state=("temperature", "noise_state"),
        schedule=GumbelTemperature,
        kernel_levels=(-1, 0, 1),
        needs_clip=True,
    ),
    QuantizerRow(
        alias="dorefa_quantizer",
        quantizer=larq.quantizers.DoReFa,
        levels="0, 1/n, ..., 1 with n = 2^k_bit - 1; from -1 to 1 with mode='weights'",
        kernel="float",
        activation="float",
        lowering="a float convolution; for inputs a binary one for each bit in a BitPlaneConv2D",
        source="https://arxiv.org/abs/1606.06160",
        input_levels=(0, 1 / 3, 2 / 3, 1),
        needs_clip=True,
    ),
    QuantizerRow(
        alias="pact",
        quantizer=PACT,
        levels="0, c/n, ..., c with a learned c, n = 2^bits - 1",
        kernel=None,
        activation="float",
        lowering="a float convolution, or a binary one for each bit in a BitPlaneConv2D",
        source="https://arxiv.org/abs/1805.06085",
        trainable=("clip",),
    ),
    QuantizerRow(
        alias="sawb",
        quantizer=SAWB,
        levels="2^bits even ones from -a to +a, a by the kernel's statistics",
        kernel="float",
        activation=None,
        lowering="a float convolution, or 2^bits - 1 binary ones in a BinarySumConv2D",
        source="Choi et al., Accurate and Efficient 2-bit Quantized Neural Networks, MLSys 2019",
        scales="one",
        kernel_levels=(-1, -1 / 3, 1 / 3, 1),
    ),
    QuantizerRow(
        alias="omse",
        quantizer=OMSE,
        levels="2^bits - 1 even ones from -a to +a, a of least squared error for each output channel",
        kernel="float",
        activation=None,
        lowering="a float convolution; 8-bit integers hold its levels exactly",
        source="https://arxiv.org/abs/1902.06822",
        scales="channel",
    ),
    QuantizerRow(
        alias="lsq",
        quantizer=LSQ,
        levels="integers of a few bits times a learned step",
        kernel="float",
        activation="float",
        lowering="a float convolution; 8-bit integers hold its levels exactly",
        source="https://arxiv.org/abs/1902.08153",
        scales="one",
        trainable=("step",),
    ),
    QuantizerRow(
        alias="power_of_two",
        quantizer=PowerOfTwo,
        levels="0, +-2^lowest, ..., +-2^highest",
        kernel="float",
        activation="float",
        lowering="a float convolution; 8-bit integers hold up to seven exponents exactly",
        source="Long et al., A Novel Low-Bit Quantization Strategy for Compressing Deep Neural Networks, 2020",
        needs_clip=True,
    ),
    QuantizerRow(
        alias="sum_of_powers_of_two",
        quantizer=SumOfPowersOfTwo,
        levels="sums of at most two of 0, +-2^lowest, ..., +-2^highest",
        kernel="float",
        activation=None,
        lowering="a float convolution; 8-bit integers hold up to seven exponents exactly",
        source="https://arxiv.org/abs/1802.02178",
        needs_clip=True,
    ),
    QuantizerRow(
        alias="log_quant",
        quantizer=LogQuant,
        levels="0, +-2^(s - 2^bits + 1), ..., +-2^s with the full scale s",
        kernel="float",
        activation="float",
        lowering="a float convolution; 8-bit integers hold its levels exactly up to bits=2",
        source="https://arxiv.org/abs/1603.01025",
        needs_clip=True,
    ),
)

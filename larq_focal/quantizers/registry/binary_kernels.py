"""Kernel quantizers with two levels."""

from __future__ import annotations

from larq_focal.keras import larq
from larq_focal.quantizers.binary_kernels.adabin import AdaBinSign
from larq_focal.quantizers.binary_kernels.bnn_plus import BnnPlusSign
from larq_focal.quantizers.binary_kernels.gumbel import GumbelSign, GumbelTemperature
from larq_focal.quantizers.binary_kernels.gumbel_score import GumbelScoreSign
from larq_focal.quantizers.binary_kernels.hysteresis import HysteresisSign
from larq_focal.quantizers.binary_kernels.libra import LibraSign
from larq_focal.quantizers.binary_kernels.recu import ReCUSign, ReCUTau
from larq_focal.quantizers.binary_kernels.xnor import XnorSign
from larq_focal.quantizers.parts.error_decay import ErrorDecay
from larq_focal.quantizers.registry.row import QuantizerRow

_SCALED = "kernel packed; the scale becomes the multiplier of the binary convolution"

ROWS = (
    QuantizerRow(
        alias="hysteresis_sign",
        quantizer=HysteresisSign,
        levels="-s, +s with s = mean|w|",
        kernel="packed",
        activation=None,
        lowering=_SCALED,
        source="https://github.com/wxwang0104/Quantized_ResNet",
        scales="one",
        state=("memory",),
    ),
    QuantizerRow(
        alias="gumbel_sign",
        quantizer=GumbelSign,
        levels="-1, +1",
        kernel="packed",
        activation=None,
        lowering="kernel packed; the noise exists in training only",
        source="https://arxiv.org/abs/1611.00712, https://arxiv.org/abs/1611.01144",
        state=("temperature", "noise_state"),
        schedule=GumbelTemperature,
        needs_clip=True,
    ),
    QuantizerRow(
        alias="gumbel_score_sign",
        quantizer=GumbelScoreSign,
        levels="-1, +1",
        kernel="packed",
        activation=None,
        lowering="kernel packed; the noise exists in training only",
        source="https://github.com/computational-imaging/PixelRNN",
        state=("temperature", "noise_state"),
        schedule=GumbelTemperature,
        needs_clip=True,
    ),
    QuantizerRow(
        alias="libra_sign",
        quantizer=LibraSign,
        levels="-2^s, +2^s with s = round(log2(mean|v|)) of the standardized weights v of each output channel",
        kernel="packed",
        activation=None,
        lowering=_SCALED,
        source="https://arxiv.org/abs/1909.10788",
        scales="channel",
        state=("steepness",),
        schedule=ErrorDecay,
    ),
    QuantizerRow(
        alias="xnor_sign",
        quantizer=XnorSign,
        levels="-s, +s with s = mean|w| of each output channel",
        kernel="packed",
        activation=None,
        lowering=_SCALED,
        source="https://arxiv.org/abs/1603.05279",
        scales="channel",
        needs_clip=True,
    ),
    QuantizerRow(
        alias="recu_sign",
        quantizer=ReCUSign,
        levels="-1, +1",
        kernel="packed",
        activation=None,
        lowering="kernel packed; the clamp only shapes the gradient",
        source="https://arxiv.org/abs/2103.12369",
        state=("tau",),
        schedule=ReCUTau,
    ),
    QuantizerRow(
        alias="adabin_sign",
        quantizer=AdaBinSign,
        levels="-s, +s with s = std(w) of each output channel",
        kernel="packed",
        activation=None,
        lowering=_SCALED,
        source="https://arxiv.org/abs/2208.08084",
        scales="channel",
        state=("steepness",),
        schedule=ErrorDecay,
    ),
    QuantizerRow(
        alias="bnn_plus_sign",
        quantizer=BnnPlusSign,
        levels="-s, +s with a learned s for each output channel",
        kernel="packed",
        activation=None,
        lowering=_SCALED,
        source="https://arxiv.org/abs/1812.11800",
        scales="channel",
        trainable=("alpha",),
        needs_clip=True,
    ),
    QuantizerRow(
        alias="magnitude_aware_sign",
        quantizer=larq.quantizers.MagnitudeAwareSign,
        levels="-s, +s with s = mean|w| of each output channel",
        kernel="packed",
        activation="float",
        lowering="kernel packed, with its scale as the multiplier; scaled inputs stay a float convolution",
        source="https://arxiv.org/abs/1808.00278",
        scales="channel",
        needs_clip=True,
    ),
)

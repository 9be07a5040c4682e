"""Input quantizers with two levels."""

from __future__ import annotations

from larq_focal.keras import larq
from larq_focal.quantizers.binary_activations.learnable_activation_binarizer import LearnableActivationBinarizer
from larq_focal.quantizers.binary_activations.local_threshold import NiblackSign, SauvolaSign
from larq_focal.quantizers.binary_activations.rsign import RSign
from larq_focal.quantizers.parts.error_decay import EdeSign, ErrorDecay
from larq_focal.quantizers.registry.row import QuantizerRow
from larq_focal.quantizers.signs.tanh import SigmoidStep

_STEP = "a float convolution; for inputs one binary convolution in a BinarySumConv2D"

ROWS = (
    QuantizerRow(
        alias="learnable_activation_binarizer",
        quantizer=LearnableActivationBinarizer,
        levels="-1, +1",
        kernel=None,
        activation="packed",
        lowering="one DEPTHWISE_CONV_2D, then one packing operation",
        source="https://arxiv.org/abs/2210.13858",
        trainable=("depthwise_kernel", "bias", "beta"),
    ),
    QuantizerRow(
        alias="rsign",
        quantizer=RSign,
        levels="-1, +1",
        kernel=None,
        activation="packed",
        lowering="one SUB, then one packing operation; the SUB folds into a normalisation or binary convolution before",
        source="https://arxiv.org/abs/2003.03488",
        trainable=("threshold",),
    ),
    QuantizerRow(
        alias="ede_sign",
        quantizer=EdeSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering="kernel packed; one packing operation for inputs",
        source="https://arxiv.org/abs/1909.10788",
        state=("steepness",),
        schedule=ErrorDecay,
        needs_clip=True,
    ),
    QuantizerRow(
        alias="niblack_sign",
        quantizer=NiblackSign,
        levels="-1, +1",
        kernel=None,
        activation="packed",
        lowering="two AVERAGE_POOL_2D and element-wise operations, then one packing operation",
        source="https://github.com/sfalkena/larq",
    ),
    QuantizerRow(
        alias="sauvola_sign",
        quantizer=SauvolaSign,
        levels="-1, +1",
        kernel=None,
        activation="packed",
        lowering="two AVERAGE_POOL_2D, a REDUCE_MAX and element-wise operations, then one packing operation",
        source="https://github.com/sfalkena/larq",
    ),
    QuantizerRow(
        alias="ste_heaviside",
        quantizer=larq.quantizers.SteHeaviside,
        levels="0, 1",
        kernel="float",
        activation="float",
        lowering=_STEP,
        source="https://arxiv.org/abs/1602.02830",
        input_levels=(0, 1),
        needs_clip=True,
    ),
    QuantizerRow(
        alias="sigmoid_step",
        quantizer=SigmoidStep,
        levels="0, 1",
        kernel="float",
        activation="float",
        lowering=_STEP,
        source="https://github.com/computational-imaging/PixelRNN",
        input_levels=(0, 1),
        needs_clip=True,
    ),
)

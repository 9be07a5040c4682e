"""One row for each quantizer that a Larq layer knows by an alias: what it computes, and what a converter makes of it.

To add a quantizer, write its class and add a row. The row registers the alias, and the tests check what it states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from larq_focal.keras import keras, larq
from larq_focal.quantizers.gumbel import GumbelSign, GumbelTemperature
from larq_focal.quantizers.hysteresis import HysteresisSign
from larq_focal.quantizers.learnable_activation_binarizer import LearnableActivationBinarizer

Lowering = Literal["packed", "float", "wrong"]


@dataclass(frozen=True, kw_only=True)
class QuantizerRow:
    """What there is to know about one quantizer, with its default arguments.

    Attributes:
        alias: The string that Larq layers take as ``kernel_quantizer`` or ``input_quantizer``.
        quantizer: The class.
        levels: The values that it produces.
        kernel: What the converter of the Larq Compute Engine makes of a ``QuantConv2D`` with this kernel quantizer and
            signs as inputs: "packed", a "float" convolution, or a "wrong" result; None where it is no kernel quantizer.
        activation: The same with this input quantizer and a kernel of signs; None where it is no input quantizer.
        lowering: What becomes of it in the converted network, in words.
        source: Paper or repository.
        trainable: Names of the weights that it trains.
        state: Names of the non-trainable weights that it keeps.
        schedule: The callback that changes it over training, None without one.
    """

    alias: str
    quantizer: type[keras.layers.Layer]
    levels: str
    kernel: Lowering | None
    activation: Lowering | None
    lowering: str
    source: str
    trainable: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    schedule: type[keras.callbacks.Callback] | None = None


_SIGN = "kernel packed; one packing operation for inputs"
_FLOAT = "values that are no signs stay a float convolution"

QUANTIZERS = (
    QuantizerRow(
        alias="hysteresis_sign",
        quantizer=HysteresisSign,
        levels="-s, +s with s = mean|w|",
        kernel="packed",
        activation=None,
        lowering="kernel packed; the scale becomes the multiplier of the binary convolution",
        source="https://github.com/wxwang0104/Quantized_ResNet",
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
    ),
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
        alias="ste_sign",
        quantizer=larq.quantizers.SteSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering=_SIGN,
        source="https://arxiv.org/abs/1602.02830",
    ),
    QuantizerRow(
        alias="approx_sign",
        quantizer=larq.quantizers.ApproxSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering=_SIGN,
        source="https://arxiv.org/abs/1808.00278",
    ),
    QuantizerRow(
        alias="swish_sign",
        quantizer=larq.quantizers.SwishSign,
        levels="-1, +1",
        kernel="packed",
        activation="packed",
        lowering=_SIGN,
        source="https://arxiv.org/abs/1812.11800",
    ),
    QuantizerRow(
        alias="magnitude_aware_sign",
        quantizer=larq.quantizers.MagnitudeAwareSign,
        levels="-s, +s with s = mean|w| of each output channel",
        kernel="packed",
        activation="float",
        lowering="kernel packed, with its scale as the multiplier; scaled inputs stay a float convolution",
        source="https://arxiv.org/abs/1808.00278",
    ),
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
        alias="ste_heaviside",
        quantizer=larq.quantizers.SteHeaviside,
        levels="0, 1",
        kernel="float",
        activation="float",
        lowering=_FLOAT,
        source="https://arxiv.org/abs/1602.02830",
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

for _row in QUANTIZERS:
    keras.utils.get_custom_objects()[_row.alias] = _row.quantizer

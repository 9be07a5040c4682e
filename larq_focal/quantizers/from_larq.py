"""The rows of Larq's quantizers, whose classes stand behind the wall."""

from __future__ import annotations

from larq_focal.nn import ApproxSign, DoReFa, MagnitudeAwareSign, SteHeaviside, SteSign, SteTern, SwishSign, ops
from larq_focal.quantizers.parts.row import quantizer_row

_SIGN = {
    "family": "signs",
    "values": (-1, 1),
    "kernel": "packed",
    "activation": "packed",
    "needs_clip": True,
    "reading": "sign",
}

quantizer_row(
    **_SIGN,
    summary="The sign, with a gradient of 1 where |x| <= 1.",
    source="https://arxiv.org/abs/1602.02830",
)(SteSign)

quantizer_row(
    **_SIGN,
    summary="The sign, with the derivative of a piecewise quadratic.",
    source="https://arxiv.org/abs/1808.00278",
)(ApproxSign)

quantizer_row(
    **_SIGN,
    summary="The sign, with the derivative of SignSwish.",
    source="https://arxiv.org/abs/1812.11800",
)(SwishSign)

quantizer_row(
    family="binary_kernels",
    summary="Binary weights, scaled by their mean magnitude.",
    levels="-s, +s with s = mean|w| of each output channel",
    kernel="packed",
    activation="float",
    lowering="kernel packed, with its scale as the multiplier; scaled inputs stay a float convolution",
    source="https://arxiv.org/abs/1808.00278",
    scales="channel",
    needs_clip=True,
    follows_data=lambda quantizer: "its scale depends on the data",
)(MagnitudeAwareSign)

quantizer_row(
    family="binary_activations",
    summary="A step from 0 to 1, with a gradient of 1 where |x| <= 1.",
    values=(0, 1),
    levels="0, 1",
    kernel="float",
    activation="float",
    lowering="a float convolution; for inputs one binary convolution in a BinarySumConv2D",
    source="https://arxiv.org/abs/1602.02830",
    needs_clip=True,
    reading="steps",
)(SteHeaviside)

quantizer_row(
    family="few_bits",
    summary="Ternary values by a fixed threshold, with a gradient of 1 where |x| <= 1.",
    values=(-1, 0, 1),
    kernel="float",
    activation="wrong",
    lowering="a float kernel, or two binary ones in a BinarySumConv2D; inputs are taken for signs, silently",
    source="https://arxiv.org/abs/1605.04711",
    needs_clip=True,
    reading="steps",
    follows_data=lambda quantizer: "its threshold depends on the data" if quantizer.ternary_weight_networks else "",
)(SteTern)

quantizer_row(
    alias="dorefa_quantizer",
    family="few_bits",
    summary="Activations of a few bits from 0 to 1, or weights from -1 to 1.",
    values=(0, 1 / 3, 2 / 3, 1),
    levels="0, 1/n, ..., 1 with n = 2^k_bit - 1; from -1 to 1 with mode='weights'",
    kernel="float",
    activation="float",
    lowering="a float convolution; for inputs a binary one for each bit in a BitPlaneConv2D",
    source="https://arxiv.org/abs/1606.06160",
    needs_clip=True,
    reading="steps",
    even_levels=lambda quantizer, dtype: ops.convert_to_tensor(1 / (2**quantizer.precision - 1), dtype),
    follows_data=lambda quantizer: (
        "" if quantizer.mode == "activations" else "for weights, its scale depends on the data"
    ),
)(DoReFa)

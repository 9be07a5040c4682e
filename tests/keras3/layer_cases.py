"""Quantized layers to compare with Larq's: both processes, that of Larq and that of Keras 3, build them from this."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

BINARY = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
SEPARABLE = {
    "input_quantizer": "approx_sign",
    "depthwise_quantizer": "magnitude_aware_sign",
    "pointwise_quantizer": "ste_sign",
    "depthwise_constraint": "weight_clip",
    "pointwise_constraint": "weight_clip",
}
DEPTHWISE = {"input_quantizer": "ste_sign", "depthwise_quantizer": "ste_sign", "depthwise_constraint": "weight_clip"}


@dataclass(frozen=True)
class LayerCase:
    """A layer by the name of its class, its arguments, and the shape of its inputs with their batch."""

    layer: str
    options: dict[str, Any]
    shape: tuple[int, ...]
    quantizers: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """Arguments that are quantizers with arguments of their own."""


CASES = {
    "dense": LayerCase("QuantDense", {"units": 5, **BINARY}, (4, 7)),
    "dense_3d": LayerCase("QuantDense", {"units": 5, "use_bias": False, **BINARY}, (4, 3, 7)),
    "dense_float": LayerCase("QuantDense", {"units": 5, "activation": "relu"}, (4, 7)),
    "conv1d": LayerCase("QuantConv1D", {"filters": 4, "kernel_size": 3, **BINARY}, (2, 9, 3)),
    "conv1d_causal": LayerCase(
        "QuantConv1D", {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, **BINARY}, (2, 9, 3)
    ),
    "conv1d_padded": LayerCase(
        "QuantConv1D",
        {"filters": 4, "kernel_size": 4, "padding": "same", "pad_values": -1, "strides": 2, **BINARY},
        (2, 9, 3),
    ),
    "conv2d": LayerCase("QuantConv2D", {"filters": 4, "kernel_size": 3, "padding": "same", **BINARY}, (2, 7, 8, 3)),
    "conv2d_ones": LayerCase(
        "QuantConv2D",
        {"filters": 4, "kernel_size": 3, "padding": "same", "pad_values": 1.0, "use_bias": False, **BINARY},
        (2, 7, 8, 3),
    ),
    "conv2d_strided": LayerCase(
        "QuantConv2D",
        {"filters": 4, "kernel_size": (3, 4), "padding": "same", "pad_values": 1.0, "strides": (2, 3), **BINARY},
        (2, 7, 8, 3),
    ),
    "conv2d_one_in_three": LayerCase(
        "QuantConv2D",
        {"filters": 4, "kernel_size": 1, "padding": "same", "pad_values": 1.0, "strides": 3, **BINARY},
        (2, 7, 8, 3),
    ),
    "conv2d_dilated": LayerCase(
        "QuantConv2D",
        {"filters": 4, "kernel_size": 3, "padding": "same", "pad_values": -1.0, "dilation_rate": 2, **BINARY},
        (2, 7, 8, 3),
    ),
    "conv2d_dorefa": LayerCase(
        "QuantConv2D",
        {"filters": 4, "kernel_size": 3, "activation": "tanh"},
        (2, 7, 8, 3),
        {
            "input_quantizer": ("DoReFa", {"k_bit": 3}),
            "kernel_quantizer": ("DoReFa", {"k_bit": 2, "mode": "weights"}),
        },
    ),
    "conv2d_ternary": LayerCase(
        "QuantConv2D",
        {"filters": 4, "kernel_size": 3, "input_quantizer": "ste_heaviside"},
        (2, 7, 8, 3),
        {"kernel_quantizer": ("SteTern", {"ternary_weight_networks": True, "clip_value": 1.3})},
    ),
    "conv2d_marked": LayerCase(
        "QuantConv2D",
        {"filters": 4, "kernel_size": 3, "input_quantizer": "swish_sign"},
        (2, 7, 8, 3),
        {"kernel_quantizer": ("NoOp", {"precision": 1})},
    ),
    "conv3d": LayerCase(
        "QuantConv3D",
        {"filters": 2, "kernel_size": 2, "padding": "same", "pad_values": 1.0, **BINARY},
        (2, 4, 3, 5, 2),
    ),
    "depthwise": LayerCase(
        "QuantDepthwiseConv2D",
        {"kernel_size": 3, "padding": "same", "pad_values": 1.0, "depth_multiplier": 2, **DEPTHWISE},
        (2, 7, 8, 3),
    ),
    "depthwise_strided": LayerCase("QuantDepthwiseConv2D", {"kernel_size": 3, "strides": 2, **DEPTHWISE}, (2, 7, 8, 3)),
    "separable_1d": LayerCase(
        "QuantSeparableConv1D", {"filters": 4, "kernel_size": 3, "padding": "same", **SEPARABLE}, (2, 9, 3)
    ),
    "separable_2d": LayerCase(
        "QuantSeparableConv2D",
        {"filters": 4, "kernel_size": 3, "padding": "same", "pad_values": 1.0, "depth_multiplier": 2, **SEPARABLE},
        (2, 7, 8, 3),
    ),
    "transposed_2d": LayerCase(
        "QuantConv2DTranspose",
        {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", **BINARY},
        (2, 5, 4, 3),
    ),
    "transposed_3d": LayerCase("QuantConv3DTranspose", {"filters": 2, "kernel_size": 2, **BINARY}, (2, 3, 4, 3, 2)),
}

QUANTIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ste_sign": ("SteSign", {}),
    "ste_sign_wide": ("SteSign", {"clip_value": 1.3}),
    "ste_sign_unclipped": ("SteSign", {"clip_value": None}),
    "approx_sign": ("ApproxSign", {}),
    "swish_sign": ("SwishSign", {}),
    "swish_sign_flat": ("SwishSign", {"beta": 2.0}),
    "magnitude_aware_sign": ("MagnitudeAwareSign", {}),
    "ste_heaviside": ("SteHeaviside", {}),
    "ste_tern": ("SteTern", {}),
    "ste_tern_mean": ("SteTern", {"ternary_weight_networks": True}),
    "dorefa": ("DoReFa", {}),
    "dorefa_weights": ("DoReFa", {"k_bit": 3, "mode": "weights"}),
    "no_op": ("NoOp", {"precision": 1}),
}

BOP_STEPS = 8


def special_values() -> np.ndarray:
    """Where quantizers step and clip, and near it, with random values around; [n, 4] in float32."""
    steps = [0.0, -0.0, 1e-30, -1e-30, 1.0, -1.0, 1.0000001, -1.0000001, 0.05, -0.05, 1.3, -1.3, 0.5, 2.0, -7.0, 100.0]
    drawn = np.random.default_rng(0).normal(size=48)
    return np.concatenate([steps, drawn]).astype(np.float32).reshape(-1, 4)

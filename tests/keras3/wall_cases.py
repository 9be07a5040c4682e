"""Quantizers and layers of ours, built through the wall: processes of Larq and of Keras 3 make the same from this."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal import layers, nn, quantizers

SHAPE = (3, 3, 4, 6)
"""A kernel, or a batch of images."""

LARQS = (
    "ste_sign",
    "approx_sign",
    "swish_sign",
    "magnitude_aware_sign",
    "ste_heaviside",
    "ste_tern",
    "dorefa_quantizer",
)
QUANTIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        row.alias: (row.alias, {})
        for row in quantizers.QUANTIZERS
        if row.quantizer.__module__.startswith("larq_focal.q")
    },
    "hysteresis_sign of a quantile": ("hysteresis_sign", {"quantile": 0.5, "scale": "channel"}),
    "lsq, signed": ("lsq", {"bits": 3, "signed": True}),
    "lsq with a step": ("lsq", {"step": 0.5, "signed": False}),
    "bnn_plus_sign, squares": ("bnn_plus_sign", {"p": 2}),
    "omse of a tensor": ("omse", {"bits": 3, "scale": "tensor", "has_zero": False}),
    "pact of 4 bits": ("pact", {"bits": 4, "clip": 1.0}),
    "ternary_sign of a threshold": ("ternary_sign", {"threshold": 0.5}),
    "ternary_weights of channels": ("ternary_weights", {"scale": "channel"}),
}
"""Each by a name: its alias, and its arguments."""

BINARY = {"input_quantizer": "ste_sign", "kernel_quantizer": "ste_sign", "kernel_constraint": "weight_clip"}
LAYERS: dict[str, tuple[type, dict[str, Any], tuple[int, ...]]] = {
    "RPReLU": (layers.RPReLU, {}, (6, 7, 4)),
    "DPReLU": (layers.DPReLU, {}, (6, 7, 4)),
    "BitPlanes": (layers.BitPlanes, {"bits": 3}, (6, 7, 4)),
    "Thermometer": (layers.Thermometer, {"count": 3, "low": -1.0}, (6, 7, 4)),
    "GhostSign": (layers.GhostSign, {}, (6, 7, 4)),
    "L1BatchNormalization": (layers.L1BatchNormalization, {}, (6, 7, 4)),
    "L1BatchNormalization by signs": (layers.L1BatchNormalization, {"backward": "signs"}, (6, 7, 4)),
    "LogGradient": (layers.LogGradient, {}, (6, 7, 4)),
    "LogGradient of one bit": (layers.LogGradient, {"bits": 1}, (6, 7, 4)),
    "BinaryDense": (layers.BinaryDense, {"units": 3, **BINARY}, (10,)),
    "BinarySumDense": (
        layers.BinarySumDense,
        {"units": 3, "input_levels": (0, 1), **BINARY, "input_quantizer": "sigmoid_step"},
        (10,),
    ),
    "BinarySumConv2D": (
        layers.BinarySumConv2D,
        {
            "filters": 3,
            "kernel_size": 3,
            "strides": 2,
            "input_levels": (-1, 0, 1),
            "kernel_levels": (-1, 0, 1),
            "padding": "same",
            "pad_values": 0.0,
            "input_quantizer": "ternary_sign",
            "kernel_quantizer": "ternary_weights",
        },
        (6, 7, 4),
    ),
    "BitPlaneConv2D": (
        layers.BitPlaneConv2D,
        {"filters": 3, "kernel_size": 3, "bits": 2, "padding": "same", **BINARY, "input_quantizer": "pact"},
        (6, 7, 4),
    ),
    "FixedSignConv2D": (layers.FixedSignConv2D, {"filters": 3, "kernel_size": 3, "seed": 5}, (6, 7, 4)),
    "XnorConv2D": (
        layers.XnorConv2D,
        {"filters": 4, "kernel_size": 3, "padding": "same", "pad_values": 1.0, "groups": 2},
        (6, 7, 4),
    ),
}
"""Each by a name: its class, its arguments, and the shape of an input."""


def inputs(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Multiples of 2^-10, with signed zeros, the limits of clipped gradients, and what lies just beyond."""
    x = np.round(np.random.default_rng(seed).normal(0, 0.7, shape) * 1024) / 1024
    special = [0.0, -0.0, 1.0, -1.0, 1.0009765625, -1.0009765625, 0.5, -0.5]
    x.ravel()[: len(special)] = special
    return x.astype(np.float32)


def upstream(shape: tuple[int, ...]) -> np.ndarray:
    """What outputs are multiplied by, to have a gradient."""
    return np.random.default_rng(9).normal(size=tuple(shape))


def make_quantizer(name: str, **options: Any) -> Any:
    """The quantizer of a case, built for ``SHAPE``."""
    alias, config = QUANTIZERS[name]
    kind = quantizers.row_named(alias).quantizer
    seed = {"seed": 11} if "noise_state" in kind.kept_weights else {}
    quantizer = kind(**config, **seed, **options)
    quantizer.build(SHAPE)
    return quantizer


def call(quantizer: Any, x: Any, training: bool) -> Any:
    """Of a quantizer, which may not know of training."""
    takes_it = "training" in type(quantizer).call.__code__.co_varnames
    return quantizer(x, training=training) if takes_it else quantizer(x)


def own_name(weight: Any) -> str:
    """The name of a weight without that of its layer."""
    return weight.name.split("/")[-1].partition(":")[0]


def make_layer(name: str, **options: Any) -> Any:
    """The layer of a case in a model of its own, with random weights."""
    kind, config, shape = LAYERS[name]
    model = nn.keras.Sequential([nn.keras.layers.Input(shape), kind(**config, **options, name="layer")])
    rng = np.random.default_rng(2)
    for weight in sorted(model.weights, key=own_name):
        weight.assign(rng.uniform(0.1, 0.9, tuple(weight.shape)))
    return model


def layer_inputs(name: str) -> np.ndarray:
    """A batch; intensities are not negative, pixels are whole, and where |x| is differentiated there is no 0."""
    x = inputs((4, *LAYERS[name][2]))
    if name == "BitPlanes":
        return np.floor(4 * np.abs(x))
    if name == "XnorConv2D":
        x[x == 0] = 0.25
    return np.abs(x) if name.startswith("LogGradient") else x


def arrays_of_quantizer(name: str) -> dict[str, np.ndarray]:
    """What a quantizer computes before, in and after two training steps."""
    quantizer = make_quantizer(name)
    first, second, third = (inputs(SHAPE, seed) for seed in (1, 2, 3))
    values = {
        "before": call(quantizer, first, training=False),
        "training 1": call(quantizer, second, training=True),
        "training 2": call(quantizer, third, training=True),
        "after": call(quantizer, first, training=False),
    }
    return {each: nn.ops.convert_to_numpy(value) for each, value in values.items()}

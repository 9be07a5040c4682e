"""Small networks with float weights."""

from __future__ import annotations

import numpy as np

from larq_focal.network import Kernel, QuantGraph, ops


def float_kernel(*shape: int, seed: int = 0) -> Kernel:
    return Kernel(np.random.default_rng(seed).normal(size=shape).astype(np.float32) / 5, None, 32)


def network() -> QuantGraph:
    """Two convolutions of 32 channels that share their weights, a depthwise one, a dense layer, a ternary one."""
    image, shared = (6, 6, 32), float_kernel(3, 3, 32, 32, seed=1)
    ternary = Kernel(np.random.default_rng(3).integers(-1, 2, (10, 4)).astype(np.int8), np.full(4, 0.5, np.float32), 2)
    place = {"shape": image, "padding": "same"}
    return QuantGraph(
        "small",
        [
            ops.Input(name="image", shape=(6, 6, 3)),
            ops.Conv2D(name="stem", inputs=("image",), kernel=float_kernel(3, 3, 3, 32), **place),
            ops.Activation(name="relu", inputs=("stem",), shape=image, kind="relu"),
            ops.Conv2D(name="first", inputs=("relu",), kernel=shared, **place),
            ops.Conv2D(name="second", inputs=("first",), kernel=shared, **place),
            ops.Conv2D(name="each", inputs=("second",), kernel=float_kernel(3, 3, 1, 32, seed=2), groups=32, **place),
            ops.Reshape(name="flat", inputs=("each",), shape=(1152,)),
            ops.Dense(name="dense", inputs=("flat",), shape=(10,), kernel=float_kernel(1152, 10, seed=4)),
            ops.Dense(name="last", inputs=("dense",), shape=(4,), kernel=ternary),
        ],
        ["last"],
    )


def normalised_network() -> QuantGraph:
    """A convolution, a normalisation with factors of both signs, and a ReLU."""
    image, random = (6, 6, 32), np.random.default_rng(0)
    mean, scale, bias = random.normal(size=(3, 32)).astype(np.float32)
    kernel = float_kernel(3, 3, 32, 32, seed=1)
    return QuantGraph(
        "normalised",
        [
            ops.Input(name="image", shape=image),
            ops.Conv2D(name="conv", inputs=("image",), shape=image, kernel=kernel, padding="same"),
            ops.Affine(name="norm", inputs=("conv",), shape=image, mean=mean, scale=scale, bias=bias),
            ops.Activation(name="relu", inputs=("norm",), shape=image, kind="relu"),
        ],
        ["relu"],
    )

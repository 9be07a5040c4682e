"""Small networks for the tests of written C: one layer or operation of interest each."""

from __future__ import annotations

import numpy as np

from larq_focal.network import Kernel, QuantGraph, ops


def signs(rng: np.random.Generator, *shape: int) -> Kernel:
    """A kernel of -1 and +1."""
    return Kernel(rng.choice([-1, 1], shape).astype(np.int8), np.ones(shape[-1], np.float32), 1)


def thresholds(rng: np.random.Generator, count: int, largest: int = 5) -> np.ndarray:
    return rng.integers(-largest, largest + 1, count).astype(np.float32)


def image_network(seed: int = 0, channels: int = 3, pad_value: float = 0.0) -> QuantGraph:
    """Signs of pixels, a padded binary convolution, pooling on bits, another convolution, a dense layer."""
    rng = np.random.default_rng(seed)
    wide, out = channels + 17, channels + 30
    flat = 4 * 4 * out
    image, half = (12, 12, wide), (6, 6, wide)
    first = {"kernel": signs(rng, 3, 3, channels, wide), "padding": "same", "pad_value": pad_value}
    operations = [
        ops.Input(name="image", shape=(12, 12, channels), bits=8),
        ops.Binarize(name="sign", inputs=("image",), shape=(12, 12, channels), threshold=np.float32(127.5)),
        ops.Conv2D(name="conv_1", inputs=("sign",), shape=image, **first),
        ops.Binarize(name="sign_1", inputs=("conv_1",), shape=image, threshold=thresholds(rng, wide)),
        ops.Pool2D(name="pool", inputs=("sign_1",), shape=half, kind="max", size=(2, 2), strides=(2, 2)),
        ops.Conv2D(name="conv_2", inputs=("pool",), shape=(4, 4, out), kernel=signs(rng, 3, 3, wide, out)),
        ops.Binarize(name="sign_2", inputs=("conv_2",), shape=(4, 4, out), threshold=thresholds(rng, out)),
        ops.Reshape(name="flat", inputs=("sign_2",), shape=(flat,)),
        ops.Dense(name="dense", inputs=("flat",), shape=(10,), kernel=signs(rng, flat, 10)),
    ]
    return QuantGraph("image network", operations, ["dense"])


def pixels(graph: QuantGraph, count: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    """A batch for the inputs of ``graph``, which are of 8 bits."""
    rng = np.random.default_rng(seed)
    return {op.name: rng.integers(0, 256, (count, *op.shape)).astype(np.uint8) for op in graph.inputs}

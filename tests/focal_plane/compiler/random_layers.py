"""Random one-bit layers, drawn over everything that the compiler takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from larq_focal.focal_plane import Sensor, load_sensor
from larq_focal.network import Kernel, QuantGraph, ops


def small(sensor: str, height: int = 64, width: int = 64) -> Sensor:
    """A sensor with a smaller array."""
    return replace(load_sensor(sensor), height=height, width=width)


@dataclass(frozen=True, kw_only=True)
class Draw:
    """One convolution with normalisation, sign and perhaps pooling behind binarized pixels."""

    height: int = 8
    width: int = 8
    in_channels: int = 1
    out_channels: int = 4
    kernel_size: int = 3
    stride: int = 1
    dilation: int = 1
    padding: str = "valid"
    pad_value: float = 0.0
    groups: int = 1
    is_ternary: bool = False
    pool: str = ""  # "before" or "after" the sign
    pool_size: int = 2
    pool_stride: int = 2
    pool_padding: str = "valid"
    seed: int = 0


def drawn(seed: int) -> Draw:
    rng = np.random.default_rng(seed)
    kernel_size, stride = int(rng.integers(1, 6)), int(rng.integers(1, 3))
    in_channels = int(rng.choice([1, 2, 3, 4, 8, 16], p=[0.55, 0.15, 0.1, 0.1, 0.06, 0.04]))
    out_channels = int(rng.integers(1, 17))
    groups = 1
    if in_channels > 1 and rng.random() < 0.4:
        groups = int(rng.choice([g for g in range(1, in_channels + 1) if in_channels % g == 0]))
        out_channels = groups * int(rng.integers(1, max(16 // groups, 1) + 1))
    return Draw(
        height=int(rng.integers(max(kernel_size, 5), 14)),
        width=int(rng.integers(max(kernel_size, 5), 14)),
        in_channels=in_channels,
        out_channels=out_channels,
        kernel_size=kernel_size,
        stride=stride,
        dilation=2 if stride == 1 and kernel_size < 3 and rng.random() < 0.3 else 1,
        padding=str(rng.choice(["valid", "same"])),
        pad_value=float(rng.choice([0, 1, -1])),
        groups=groups,
        is_ternary=bool(rng.random() < 0.4),
        pool=str(rng.choice(["", "before", "after"])),
        pool_size=int(rng.integers(2, 4)),
        pool_stride=int(rng.integers(1, 3)),
        pool_padding=str(rng.choice(["valid", "same"])),
        seed=seed,
    )


def network(draw: Draw) -> QuantGraph:
    """The layer as a network; the scales of its normalisation have either sign."""
    rng = np.random.default_rng(draw.seed)
    image, channels = (draw.height, draw.width, draw.in_channels), draw.out_channels
    shape = (*image[:2], draw.in_channels // draw.groups)
    size = (draw.kernel_size, draw.kernel_size, shape[2], channels)
    codes = rng.integers(-1, 2, size) if draw.is_ternary else rng.choice([-1, 1], size)
    extent = (draw.kernel_size - 1) * draw.dilation + 1
    shape = (*_slid(image[:2], extent, draw.stride, draw.padding), channels)
    fan_in = codes[..., 0].size
    operations = [
        ops.Input(name="image", shape=image),
        ops.Binarize(name="bits", inputs=("image",), shape=image, threshold=np.float32(0)),
        ops.Conv2D(
            name="conv",
            inputs=("bits",),
            shape=shape,
            kernel=Kernel(codes.astype(np.int8), np.ones(channels, np.float32), 2 if draw.is_ternary else 1),
            strides=(draw.stride, draw.stride),
            dilation=(draw.dilation, draw.dilation),
            padding=draw.padding,
            pad_value=draw.pad_value,
            groups=draw.groups,
        ),
    ]

    def add(op: type[ops.Op], name: str, shape: tuple[int, ...], **fields) -> None:
        operations.append(op(name=name, inputs=(operations[-1].name,), shape=shape, **fields))

    def add_pool() -> None:
        before = operations[-1].shape
        size, strides = (draw.pool_size,) * 2, (draw.pool_stride,) * 2
        if draw.pool_padding == "valid" and min(before[:2]) < draw.pool_size:
            return
        after = (*_slid(before[:2], draw.pool_size, draw.pool_stride, draw.pool_padding), channels)
        add(ops.Pool2D, "pool", after, kind="max", size=size, strides=strides, padding=draw.pool_padding)

    if draw.pool == "before":
        add_pool()
    normalisation = {
        "mean": rng.normal(0, np.sqrt(fan_in), channels).astype(np.float32),
        "scale": (rng.choice([-1, 1], channels) * rng.uniform(0.1, 2, channels)).astype(np.float32),
        "bias": rng.normal(0, 1, channels).astype(np.float32),
    }
    add(ops.Affine, "normalised", operations[-1].shape, **normalisation)
    add(ops.Binarize, "sign", operations[-1].shape, threshold=np.float32(0))
    if draw.pool == "after":
        add_pool()
    return QuantGraph("layer", operations, [operations[-1].name])


def images(graph: QuantGraph, count: int, seed: int = 0) -> np.ndarray:
    """Signs: the network's binarizer tells them apart however the sensor quantizes light."""
    return np.random.default_rng(seed).choice([-1.0, 1.0], (count, *graph.inputs[0].shape)).astype(np.float32)


def _slid(size: tuple[int, int], extent: int, stride: int, padding: str) -> tuple[int, int]:
    if padding == "same":
        return tuple(-(-side // stride) for side in size)
    return tuple((side - extent) // stride + 1 for side in size)

"""Random sums of convolutions and one-bit maps before a sign, drawn over everything that the compiler takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.network import Kernel, QuantGraph, ops


@dataclass(frozen=True, kw_only=True)
class SumDraw:
    """Convolutions and one-bit maps that are added, a normalisation, a sign and perhaps pooling.

    ``ratios`` are the scales of the convolutions to each other, in all channels. ``shortcuts`` are maps beside them.
    ``normalised``: each convolution has a normalisation of its own. ``is_followed``: by another layer.
    """

    height: int = 8
    width: int = 8
    channels: int = 4
    kernel_sizes: tuple[int, ...] = (3,)
    ratios: tuple[float, ...] = (1.0,)
    shortcuts: int = 0
    normalised: bool = False
    stride: int = 1
    pad_value: float = 0.0
    groups: int = 1
    is_ternary: bool = False
    pool: str = ""  # "before" or "after" the sign
    is_followed: bool = False
    seed: int = 0


def drawn(seed: int) -> SumDraw:
    rng = np.random.default_rng(seed)
    convolutions = int(rng.choice([1, 2, 3], p=[0.45, 0.45, 0.1]))
    channels = int(rng.choice([1, 2, 3, 4, 6, 8], p=[0.3, 0.2, 0.1, 0.2, 0.1, 0.1]))
    largest = 5 if channels * convolutions == 1 else 3
    return SumDraw(
        height=int(rng.integers(5, 12)),
        width=int(rng.integers(5, 12)),
        channels=channels,
        kernel_sizes=tuple(int(size) for size in rng.integers(1, largest + 1, convolutions)),
        ratios=tuple(float(ratio) for ratio in rng.choice([1, 1, 1, 2, -1, 1.5], convolutions)),
        shortcuts=int(rng.integers(0, 3)) if convolutions > 1 else int(rng.integers(1, 3)),
        normalised=convolutions == 1 and bool(rng.random() < 0.7),
        stride=int(rng.integers(1, 3)),
        pad_value=float(rng.choice([0, 1, -1])),
        groups=channels if channels > 1 and rng.random() < 0.3 else 1,
        is_ternary=bool(rng.random() < 0.4),
        pool=str(rng.choice(["", "before", "after"])),
        is_followed=bool(rng.random() < 0.3),
        seed=seed,
    )


def network(draw: SumDraw) -> QuantGraph:
    """Signs of the image's channels, which convolutions read and which are added, and another layer behind the sum."""
    rng = np.random.default_rng(draw.seed)
    channels, stride = draw.channels, draw.stride
    image = ops.Input(name="image", shape=(draw.height, draw.width, channels * (1 + draw.shortcuts)))
    operations: dict[str, ops.Op] = {"image": image}

    def add(operation: type[ops.Op], name: str, *sources: str, **fields) -> str:
        shape = fields.pop("shape", operations[sources[0]].shape)
        operations[name] = operation(name=name, inputs=sources, shape=shape, **fields)
        return name

    def conv(name: str, source: str, size: int, ratio: float, stride: int, groups: int) -> str:
        height, width, depth = operations[source].shape
        shape = (size, size, depth // groups, channels)
        codes = rng.integers(-1, 2, shape) if draw.is_ternary else rng.choice([-1, 1], shape)
        scale = np.full(channels, 0.3 * ratio, np.float32)
        return add(
            ops.Conv2D,
            name,
            source,
            shape=(-(-height // stride), -(-width // stride), channels),
            kernel=Kernel(codes.astype(np.int8), scale, 2 if draw.is_ternary else 1),
            strides=(stride, stride),
            padding="same",
            pad_value=draw.pad_value,
            groups=groups,
        )

    def normalised(name: str, source: str, spread: float) -> str:
        mean, bias = (rng.normal(0, width, channels).astype(np.float32) for width in (spread, 0.3))
        scale = (rng.choice([-1, 1], channels) * rng.uniform(0.1, 2, channels)).astype(np.float32)
        return add(ops.Affine, name, source, mean=mean, scale=scale, bias=bias)

    def sign(name: str, source: str) -> str:
        return add(ops.Binarize, name, source, threshold=np.float32(0))

    def pooled(name: str, source: str, padding: str = "same") -> str:
        height, width, _ = operations[source].shape
        shape = (-(-height // 2), -(-width // 2), channels)
        return add(ops.Pool2D, name, source, shape=shape, kind="max", size=(2, 2), strides=(2, 2), padding=padding)

    maps = []
    for index in range(1 + draw.shortcuts):
        begin, shape = (0, 0, channels * index), (*image.shape[:2], channels)
        part = add(ops.Slice, f"channels{index}", "image", shape=shape, begin=begin, strides=(1, 1, 1))
        maps.append(sign(f"maps{index}", part))
    added = []
    for index, (size, ratio) in enumerate(zip(draw.kernel_sizes, draw.ratios, strict=True)):
        name = conv(f"conv{index}", maps[index % len(maps)], size, ratio, stride, draw.groups)
        added.append(normalised(f"norm{index}", name, size) if draw.normalised else name)
    for index, shortcut in enumerate(maps[1:]):
        added.append(shortcut if stride == 1 else pooled(f"shortcut{index}", shortcut))
    last = add(ops.Add, "sum", *added, shape=operations[added[0]].shape)
    if draw.pool == "before":
        last = pooled("pool", last)
    last = sign("sign", normalised("norm", last, 0.5))
    if draw.pool == "after":
        last = pooled("pool", last)
    behind = sign("out", conv("behind", last, 2, 1, 1, 1)) if draw.is_followed else last
    return QuantGraph("sum", list(operations.values()), list(dict.fromkeys([last, behind])))

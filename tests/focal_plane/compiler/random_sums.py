"""Random sums of convolutions and one-bit maps before a sign, drawn over everything that the compiler takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.network import Kernel, QuantGraph, ops


@dataclass(frozen=True, kw_only=True)
class SumDraw:
    """Convolutions and one-bit maps that are added, a normalisation, a sign and perhaps pooling.

    ``ratios`` are the scales of the convolutions to each other, in all channels. ``shortcuts`` are maps beside them;
    ``normalised``: each convolution has a normalisation of its own, of either sign, where there is but one.
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
        seed=seed,
    )


def network(draw: SumDraw) -> QuantGraph:
    """Signs of the image; from them a first layer's maps, which the sum reads and adds; a last layer behind it."""
    rng = np.random.default_rng(draw.seed)
    image, channels = (draw.height, draw.width, 1), draw.channels
    operations: list[ops.Op] = [
        ops.Input(name="image", shape=image),
        ops.Binarize(name="bits", inputs=("image",), shape=image, threshold=np.float32(0)),
    ]

    def add(op: ops.Op) -> str:
        operations.append(op)
        return op.name

    def layer(name: str, source: str, size: int, **options) -> str:
        before = next(op.shape for op in operations if op.name == source)
        shape, groups = (size, size, before[-1] // options.get("groups", 1), channels), options.get("groups", 1)
        codes = rng.integers(-1, 2, shape) if draw.is_ternary else rng.choice([-1, 1], shape)
        scale = np.full(channels, options.get("scale", 1.0), np.float32)
        stride = options.get("stride", 1)
        return add(
            ops.Conv2D(
                name=name,
                inputs=(source,),
                shape=(-(-before[0] // stride), -(-before[1] // stride), channels),
                kernel=Kernel(codes.astype(np.int8), scale, 2 if draw.is_ternary else 1),
                strides=(stride, stride),
                padding="same",
                pad_value=draw.pad_value,
                groups=groups,
            )
        )

    def normalised(name: str, source: str, spread: float) -> str:
        return add(
            ops.Affine(
                name=name,
                inputs=(source,),
                shape=operations[-1].shape,
                mean=rng.normal(0, spread, channels).astype(np.float32),
                scale=(rng.choice([-1, 1], channels) * rng.uniform(0.1, 2, channels)).astype(np.float32),
                bias=rng.normal(0, 1, channels).astype(np.float32),
            )
        )

    def sign(name: str, source: str) -> str:
        return add(ops.Binarize(name=name, inputs=(source,), shape=operations[-1].shape, threshold=np.float32(0)))

    def pooled(source: str) -> str:
        height, width, _ = operations[-1].shape
        shape = (-(-height // 2), -(-width // 2), channels)
        return add(
            ops.Pool2D(
                name="pool",
                inputs=(source,),
                shape=shape,
                kind="max",
                size=(2, 2),
                strides=(2, 2),
                padding="same",
            )
        )

    maps = sign("maps", normalised("first_norm", layer("first", "bits", 3), 2))
    added = []
    for index, (size, ratio) in enumerate(zip(draw.kernel_sizes, draw.ratios, strict=True)):
        source = "bits" if index % 2 and draw.groups == 1 else maps
        groups = draw.groups if source == maps else 1
        name = layer(f"conv{index}", source, size, scale=0.3 * ratio, stride=draw.stride, groups=groups)
        added.append(normalised(f"norm{index}", name, size) if draw.normalised else name)
    for index in range(draw.shortcuts):
        added.append(sign(f"shortcut{index}", layer(f"beside{index}", "bits", 2 + index, stride=draw.stride)))
    shape = operations[-1].shape
    last = add(ops.Add(name="sum", inputs=tuple(added), shape=shape))
    if draw.pool == "before":
        last = pooled(last)
    last = sign("sign", normalised("norm", last, 2))
    if draw.pool == "after":
        last = pooled(last)
    last = sign("out", layer("last", last, 2))
    return QuantGraph("sum", operations, [last])

"""Small networks for the tests of written C: one layer or operation of interest each."""

from __future__ import annotations

import numpy as np

from larq_focal.network import Kernel, QuantGraph, ops
from larq_focal.network.computation import compute


class Chain:
    """A network that grows at its end; shapes are computed."""

    def __init__(self, name: str, shape: tuple[int, ...], bits: int = 8, seed: int = 0):
        self.rng = np.random.default_rng(seed)
        self.name = name
        self.ops: list[ops.Op] = [ops.Input(name="image", shape=shape, bits=bits)]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.ops[-1].shape

    @property
    def last(self) -> str:
        return self.ops[-1].name

    def add(self, cls: type[ops.Op], name: str, inputs: tuple[str, ...] = (), shape=None, **fields) -> Chain:
        inputs = inputs or (self.last,)
        by_name = {op.name: op for op in self.ops}
        op = cls(name=name, inputs=inputs, shape=shape or (), **fields)
        if shape is None:
            computed = compute(op, *(np.zeros((1, *by_name[value].shape), np.float32) for value in inputs)).shape[1:]
            op = type(op)(**{**vars(op), "shape": tuple(map(int, computed))})
        self.ops.append(op)
        return self

    def sign(self, name: str, threshold=None, **fields) -> Chain:
        """Signs by whole thresholds of each channel, or by one."""
        if threshold is None:
            threshold = self.rng.integers(-4, 5, self.shape[-1])
        return self.add(ops.Binarize, name, threshold=np.asarray(threshold, np.float32), **fields)

    def levels(self, name: str, levels, boundaries) -> Chain:
        fields = {"levels": np.asarray(levels, np.float32), "boundaries": np.asarray(boundaries, np.float32)}
        return self.add(ops.Quantize, name, **fields)

    def kernel(self, codes, *shape: int, scale: float = 1.0) -> Kernel:
        """Weights drawn from ``codes``."""
        bits = 1 if tuple(codes) == (-1, 1) else max(2, int(np.max(np.abs(codes))).bit_length() + 1)
        drawn = self.rng.choice(codes, shape).astype(np.int16)
        return Kernel(drawn, np.full(shape[-1], scale, np.float32), bits)

    def conv(self, name: str, out: int, codes=(-1, 1), size=(3, 3), groups: int = 1, scale=1.0, **fields) -> Chain:
        kernel = self.kernel(codes, *size, self.shape[-1] // groups, out, scale=scale)
        return self.add(ops.Conv2D, name, kernel=kernel, groups=groups, **fields)

    def dense(self, name: str, out: int, codes=(-1, 1), **fields) -> Chain:
        return self.add(ops.Dense, name, kernel=self.kernel(codes, self.shape[-1], out), **fields)

    def flat(self, name: str = "flat") -> Chain:
        return self.add(ops.Reshape, name, shape=(int(np.prod(self.shape)),))

    def pool(self, name: str, kind: str = "max", size=(2, 2), **fields) -> Chain:
        return self.add(ops.Pool2D, name, kind=kind, size=size, strides=size, **fields)

    def graph(self, *outputs: str) -> QuantGraph:
        return QuantGraph(self.name, self.ops, outputs or (self.last,))


def image_network(seed: int = 0, channels: int = 3, pad_value: float = 0.0) -> QuantGraph:
    """Signs of pixels, a padded binary convolution, pooling on bits, another convolution, a dense layer."""
    chain = Chain("image network", (12, 12, channels), seed=seed).sign("sign", 127.5)
    chain.conv("conv_1", channels + 17, padding="same", pad_value=pad_value).sign("sign_1").pool("pool")
    return chain.conv("conv_2", channels + 30).sign("sign_2").flat().dense("dense", 10).graph()


def channels_network(channels: int) -> QuantGraph:
    """A convolution of so many channels of signs to others, with one of the three ways of padding."""
    chain = Chain(f"{channels} channels", (5, 6, channels), seed=channels).sign("sign", 127.5)
    chain.conv("conv", 41 - channels, padding="same", pad_value=float(channels % 3 - 1)).sign("sign_1")
    return chain.conv("conv_1", 3, size=(2, 2)).graph()


def kinds() -> list[QuantGraph]:
    """A network of each kind, in numbers with which floats make no rounding errors."""
    padded, image = {"padding": "same"}, (8, 8, 5)
    ternary, four_bits = (-1, 0, 1), tuple(range(-7, 8))
    quarter = {"levels": (0, 0.25, 0.5, 0.75), "boundaries": (40, 80, 160)}
    causal = Chain("1-D, causal", (1, 20, 7)).sign("s", 127.5).add(ops.Pad, "p", pads=((0, 0), (2, 0), (0, 0)))
    causal.conv("c", 9, size=(1, 3)).sign("s1").conv("c1", 4, size=(1, 3), strides=(1, 2)).sign("s2").flat()
    residual = Chain("residual", image).sign("s", 127.5).conv("c", 5, scale=0.5, **padded)
    residual.sign("s1").conv("c1", 5, **padded).add(ops.Add, "sum", ("c", "c1")).sign("s2")
    residual.conv("c2", 5, **padded).add(ops.Add, "sum_1", ("sum", "c2")).add(ops.GlobalPool, "mean", kind="average")
    first = Chain("pixels into layers", image).conv("c", 11, **padded).sign("s").conv("c1", 4).sign("s1").flat()
    doubled = Chain("dilated and strided", (9, 9, 3)).sign("s", 127.5).conv("c", 6, dilation=(2, 2), **padded)
    doubled.sign("s1").conv("c1", 8, strides=(2, 2), **padded).pool("m", size=(3, 3), padding="same").sign("s2")
    grouped = Chain("groups", (6, 6, 8)).sign("s", 127.5).conv("c", 12, groups=4, **padded).sign("s1")
    depthwise = Chain("depthwise", (6, 6, 5)).sign("s", 127.5).conv("c", 10, groups=5, **padded).sign("s1")
    depthwise.conv("c1", 7, size=(1, 1)).sign("s2").conv("c2", 7, codes=ternary, groups=7, **padded)
    few = Chain("few bits", image).levels("q", **quarter).conv("c", 9, **padded)
    few.sign("s").conv("c1", 6, codes=four_bits, padding="same").pool("a", "average")
    sums = sums_of_levels(quarter["levels"])
    unlike = sums_of_levels((0, 0.5, 1, 1.5))
    codes = Chain("ternary", image).sign("s", 127.5).conv("c", 9, codes=ternary, **padded).sign("s1")
    codes.conv("c1", 8, codes=ternary).levels("q", (-1, 0, 1), (-2, 3)).conv("c2", 7, codes=ternary).flat()
    codes.dense("d", 5, codes=(-3, -1, 1, 3))
    switch = Chain("0 and 1", image).levels("q", (0, 1), (100,)).conv("c", 9, **padded).sign("s")
    switch.levels("q1", (-0.5, 1), (0.5,)).conv("c1", 4, codes=ternary).flat()
    constant = Chain("constant signs", image).sign("s", -1, flip=np.zeros(5, bool)).conv("c", 3)
    constant.sign("s1", [9, 50, -50]).conv("c1", 2).sign("s2", 99).flat()
    wide = Chain("wide weights", (4, 4, 3)).conv("c", 5, codes=(-300, 7, 200), **padded).sign("s").flat()
    floats = Chain("floats in", (6, 6, 4), bits=32).conv("c", 5, scale=0.25).sign("s").conv("c1", 3, size=(2, 2))
    pixels = Chain("dense over pixels", (3, 2, 33)).sign("s", 127.5).dense("d", 40).sign("s1").dense("d1", 6)
    flips = Chain("flips", image).sign("s", 127.5, flip=np.arange(5) % 2 == 0).conv("c", 7).sign("s1")
    line = {"mean": 0, "scale": -2, "bias": 1}
    flips.add(ops.Affine, "a", **{name: np.full(7, value, np.float32) for name, value in line.items()})
    flips.sign("s2", flip=np.arange(7) > 3)
    for chain in (causal, first, doubled, grouped, depthwise, flips):
        chain.add(ops.GlobalPool, "most", kind="max") if len(chain.shape) == 3 else chain.dense("last", 3)
    pooled = Chain("pooled sums", (9, 7, 4)).conv("c", 6).pool("p").sign("s").conv("c1", 9, size=(1, 1), scale=0.5)
    pooled.pool("p1", size=(1, 2)).levels("q", (0, 1, 2), (-1, 2)).conv("c2", 5, size=(2, 1)).pool(
        "p2", size=(2, 1)
    ).flat()
    made = (
        switch,
        constant,
        causal,
        residual,
        first,
        doubled,
        grouped,
        depthwise,
        few,
        sums,
        unlike,
        codes,
        wide,
        floats,
        pixels,
    )
    return [chain.graph() for chain in (*made, flips, pooled)]


def sums_of_levels(levels) -> Chain:
    """A shortcut that adds quarters to values of four ``levels`` before a layer."""
    chain = Chain(f"sums of quarters and {levels[1]}", (8, 8, 5)).levels("q", (0, 0.25, 0.5, 0.75), (64, 128, 192))
    chain.conv("c", 5, padding="same").levels("q1", levels, (-2, 1, 4)).add(ops.Add, "sum", ("q", "q1"))
    return chain.conv("c1", 7, padding="same").levels("q2", range(4), (-3, 0, 3)).flat().dense("d", 4)


def samples(graph: QuantGraph, count: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    """A batch of pixels, or of multiples of 1/4 where an input takes floats."""
    rng = np.random.default_rng(seed)
    return {
        op.name: rng.integers(0, 256, (count, *op.shape)).astype(np.uint8)
        if op.bits == 8
        else (rng.integers(-9, 10, (count, *op.shape)) / 4).astype(np.float32)
        for op in graph.inputs
    }

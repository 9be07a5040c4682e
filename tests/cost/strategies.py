"""Random networks: a chain of operations with residual additions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Add, Concat, GlobalPool, Input, Op, Pool2D, UniformQuantize
from tests.cost.graphs import affine, conv, sign


@st.composite
def graphs(draw) -> QuantGraph:
    """QuantGraphs of 1 to 12 operations on images of 4 to 9 pixels a side."""
    side, channels = draw(st.integers(4, 9)), draw(st.sampled_from([1, 3, 32, 40]))
    ops: list[Op] = [Input(name="image", shape=(side, side, channels), bits=draw(st.sampled_from([8, 32])))]
    for index in range(draw(st.integers(0, 11))):
        ops.append(_next_op(draw, f"op{index}", ops))
    outputs = {ops[-1].name, draw(st.sampled_from(ops)).name}
    return QuantGraph("random", ops, sorted(outputs))


def _next_op(draw, name: str, ops: list[Op]) -> Op:
    source = draw(st.sampled_from(ops[-3:]))
    same_shape = [op for op in ops if op.shape == source.shape]
    height, width, channels = source.shape
    one = {"name": name, "inputs": (source.name,)}
    two = {"name": name, "inputs": (source.name, draw(st.sampled_from(same_shape)).name)}
    make = draw(st.sampled_from(["conv", "affine", "sign", "round", "add", "concat", "max", "global"]))
    match make:
        case "conv":
            bits, maps = draw(st.sampled_from([1, 2, 8, 32])), draw(st.integers(1, 33))
            bias = np.ones(maps, np.float32) if draw(st.booleans()) else None
            return conv(name, source, maps, bits, size=1, bias=bias)
        case "affine":
            return affine(name, source)
        case "sign":
            return sign(name, source, draw(st.sampled_from([0.0, 0.5])))
        case "round":
            return UniformQuantize(**one, shape=source.shape, scale=0.1)
        case "add":
            return Add(**two, shape=source.shape)
        case "concat":
            return Concat(**two, shape=(height, width, 2 * channels))
        case "max":
            return Pool2D(**one, shape=source.shape, kind="max", size=(2, 2), strides=(1, 1), padding="same")
    return GlobalPool(**one, shape=(1, 1, channels), kind="average", keep_dims=True)

"""Folded sums are exact: for every combination of sums and signs that are added, the sign stays what it was."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler.integer_form.counted_sums import counted_sums
from larq_focal.focal_plane.compiler.integer_form.fold import fold_thresholds
from larq_focal.focal_plane.compiler.integer_form.fold_sums import fold_sums, why_unfolded
from larq_focal.network import Kernel, QuantGraph, ops
from larq_focal.network.interpret import interpret

CHANNELS = 3
FAN_INS = (3, 4)  # odd and even sums
SHAPE = (1, 1, CHANNELS)
ONES = np.ones(CHANNELS, np.float32)

numbers = st.floats(-2, 2, width=32) | st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-30])
vectors = st.lists(numbers, min_size=CHANNELS, max_size=CHANNELS).map(lambda values: np.array(values, np.float32))


class Builder:
    """One-bit maps, 1x1 convolutions of some of them, and what is made of these."""

    def __init__(self, maps: int = 0):
        self.width = sum(FAN_INS) + maps * CHANNELS
        self.ops: list[ops.Op] = [ops.Input(name="image", shape=(1, 1, self.width))]
        self.maps = [self.part(f"map{i}", sum(FAN_INS) + i * CHANNELS, CHANNELS) for i in range(maps)]

    def add(self, operation: type[ops.Op], name: str, *sources: str, **fields) -> str:
        self.ops.append(operation(name=name, inputs=sources, **{"shape": SHAPE, **fields}))
        return name

    def part(self, name: str, begin: int, size: int) -> str:
        shape = (1, 1, size)
        self.add(ops.Slice, f"{name}_values", "image", shape=shape, begin=(0, 0, begin), strides=(1, 1, 1))
        return self.add(ops.Binarize, name, f"{name}_values", shape=shape, threshold=np.float32(0))

    def conv(self, index: int, scale: np.ndarray = ONES, bias: np.ndarray | None = None) -> str:
        bits = self.part(f"bits{index}", sum(FAN_INS[:index]), FAN_INS[index])
        codes = np.random.default_rng(index).choice([-1, 1], (1, 1, FAN_INS[index], CHANNELS)).astype(np.int8)
        return self.add(ops.Conv2D, f"conv{index}", bits, kernel=Kernel(codes, scale, 1), bias=bias)

    def norm(self, name: str, source: str, scale: np.ndarray, mean: np.ndarray = ONES, bias: np.ndarray = ONES) -> str:
        return self.add(ops.Affine, name, source, mean=mean, scale=scale, bias=bias)

    def sign(self, source: str, threshold: float | np.ndarray = 0.0, flip: np.ndarray | None = None) -> QuantGraph:
        self.add(ops.Binarize, "sign", source, threshold=np.asarray(threshold, np.float32), flip=flip)
        return QuantGraph("sum", self.ops, ["sign"])


def check(graph: QuantGraph) -> QuantGraph:
    """Compares on all images of signs, and returns the folded graph."""
    folded = fold_sums(fold_thresholds(graph))
    images = np.array(list(product([-1, 1], repeat=graph.inputs[0].shape[-1])), np.float32)[:, None, None]
    with np.errstate(all="ignore"):
        expected = interpret(graph, images, graph.outputs)["sign"]
        found = interpret(folded, images, folded.outputs)[folded.outputs[0]]
    np.testing.assert_array_equal(found, expected)
    return folded


few = settings(max_examples=40, deadline=None)


powers = st.lists(st.sampled_from([1.0, -1.0, 0.5, 4.0, 0.0]), min_size=CHANNELS, max_size=CHANNELS)


@few
@given(powers.map(lambda values: np.array(values, np.float32)), vectors, vectors, vectors, vectors)
def test_layers_of_one_scale(scale, mean, gamma, beta, threshold):
    """Their normalisation is behind the sum: whatever its numbers, each counts once."""
    build = Builder()
    total = build.add(ops.Add, "sum", build.conv(0, scale), build.conv(1, scale))
    folded = check(build.sign(build.norm("norm", total, gamma, mean, beta), threshold))
    (counted,) = counted_sums(folded)
    assert all(set(np.abs(layer.kernel.scale)) <= {0, 1} for layer in counted.layers)
    assert "norm" not in folded


@few
@given(vectors, vectors, vectors, vectors, st.booleans())
def test_a_normalised_layer_and_a_map(mean, gamma, beta, threshold, flips):
    build = Builder(maps=1)
    total = build.add(ops.Add, "sum", build.norm("norm", build.conv(0), gamma, mean, beta), *build.maps)
    folded = check(build.sign(total, threshold, np.array([flips, False, True])))
    (counted,) = counted_sums(folded)
    assert [layer.name for layer in counted.layers] == ["conv0"]
    assert "norm" not in folded and folded["sign"].flip is None


@few
@given(vectors, vectors, vectors, st.sampled_from(["relu_n1_to_1", "tanh", "leaky_relu"]))
def test_maps_of_several_weights(gamma, beta, other, kind):
    """What finds weights is exact, and what finds none stays."""
    build = Builder(maps=2)
    added = build.add(ops.Add, "inner", build.norm("norm", build.conv(0), gamma), build.maps[0])
    total = build.add(ops.Add, "sum", added, build.norm("weighted", build.maps[1], other, 0 * ONES, beta))
    active = build.add(ops.Activation, "active", total, kind=kind, alpha=np.float32(0.1))
    check(build.sign(active, 0.25))


@pytest.mark.parametrize(("ratio", "weights"), [(1, (1, 1)), (2, (2, 1)), (1.5, (3, 2)), (-1, (-1, 1)), (1e-9, (0, 1))])
def test_scales_whose_ratio_is_that_of_small_numbers(ratio, weights):
    build = Builder()
    total = build.add(ops.Add, "sum", build.conv(0, ratio * 0.3 * ONES, 0.1 * ONES), build.conv(1, 0.3 * ONES))
    folded = check(build.sign(total, [0.45, -0.5, 1.1]))
    (counted,) = counted_sums(folded)
    assert [layer.kernel.scale[0] for layer in counted.layers] == list(weights)
    assert fold_sums(folded) is folded  # nothing more to do


def test_a_map_of_another_weight_chooses_between_thresholds():
    """3 s with a sum of three signs: the map decides alone, and at 1.5 s with 2 or more of them."""
    for weight in (1.5, 3.0):
        build = Builder(maps=1)
        total = build.add(ops.Add, "sum", build.conv(0), build.norm("weighted", build.maps[0], weight * ONES, 0 * ONES))
        check(build.sign(total))


def falls_and_rises(build: Builder) -> QuantGraph:
    total = build.add(ops.Add, "sum", build.conv(0), *build.maps)
    pool = build.add(ops.Pool2D, "pool", total, kind="max", size=(1, 1), strides=(1, 1))
    return build.sign(build.add(ops.Activation, "square", pool, kind="square"), 2.0)


def square(build: Builder) -> QuantGraph:
    total = build.add(ops.Add, "sum", build.conv(0), *build.maps)
    return build.sign(build.add(ops.Activation, "square", total, kind="square"), 2.0)


def irrational(build: Builder) -> QuantGraph:
    second = build.norm("second", build.conv(1), 0.3 * np.pi * ONES, 0 * ONES, 0 * ONES)
    first = build.add(ops.Activation, "first", build.conv(0), kind="square")
    return build.sign(build.add(ops.Add, "sum", first, second))


def real(build: Builder) -> QuantGraph:
    part = build.add(ops.Slice, "real", "image", begin=(0, 0, 0), strides=(1, 1, 1))
    return build.sign(build.add(ops.Add, "sum", build.conv(0), part))


def used_elsewhere(build: Builder) -> QuantGraph:
    graph = build.sign(build.add(ops.Add, "sum", build.conv(0), *build.maps))
    return graph.rewritten(graph.ops, ["sign", "conv0"])


def also_returned(build: Builder) -> QuantGraph:
    graph = build.sign(build.add(ops.Add, "sum", build.conv(0), *build.maps))
    return graph.rewritten(graph.ops, ["sign", "sum"])


def per_pixel(build: Builder) -> QuantGraph:
    total = build.add(ops.Add, "sum", build.conv(0), *build.maps)
    return build.sign(total, np.zeros(SHAPE))


def broadcast(build: Builder) -> QuantGraph:
    return build.sign(build.add(ops.Add, "sum", build.conv(0), build.part("one", 0, 1)))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            square,
            "'sign' is not a threshold on whole multiples, up to 15, of what 'sum' adds, .* 'conv0' and 'map0' at",
        ),
        (falls_and_rises, "'sign' changes its sign more than once with 'sum'"),
        (irrational, "'sum' adds, which is 'conv0' and 'conv1' at .* in channel 0: give the convolutions one scale"),
        (real, "'sum' adds 'real' of 32 bits: binarize it first"),
        (used_elsewhere, "'sum' adds 'conv0', which is used elsewhere too: let the others read its sign instead"),
        (also_returned, "'sum' is used as it is beside its sign"),
        (per_pixel, "'sum' is normalised or compared at each pixel in another way: take one per channel"),
        (broadcast, r"'sum' adds 'one' \(1, 1, 1\) in \(1, 1, 3\): make them of one shape"),
    ],
)
def test_what_cannot_be_folded_stays_and_tells_why(make, reason):
    graph = make(Builder(maps=1))
    folded = fold_sums(graph)
    assert folded is graph
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(why_unfolded(folded, folded["sign"]))


def test_too_many_combinations_are_refused(monkeypatch):
    monkeypatch.setattr("larq_focal.focal_plane.compiler.integer_form.whole_weights.MOST_SUMS", 10)
    build = Builder()
    graph = build.sign(build.add(ops.Add, "sum", build.conv(0, 0.3 * ONES), build.conv(1, 0.3 * ONES)))
    assert "'sum' has 20 combinations of sums, too many to try" in why_unfolded(fold_sums(graph), graph["sign"])


@pytest.mark.parametrize("outer", [1, -1])
@pytest.mark.parametrize("inner", [1, -1])
def test_where_the_maximum_goes(inner, outer):
    """Behind the sign where that rises with the value, before it where it falls."""
    shape, pooled = (4, 4, CHANNELS), (2, 2, CHANNELS)
    rng = np.random.default_rng(0)
    image = ops.Input(name="image", shape=shape)
    bits = ops.Binarize(name="bits", inputs=("image",), shape=shape, threshold=np.float32(0))
    kernel = Kernel(rng.choice([-1, 1], (3, 3, CHANNELS, CHANNELS)).astype(np.int8), ONES, 1)
    graph = QuantGraph(
        "pooled",
        [
            image,
            bits,
            ops.Conv2D(name="conv", inputs=("bits",), shape=shape, kernel=kernel, padding="same"),
            ops.Affine(name="norm", inputs=("conv",), shape=shape, mean=ONES, scale=0.3 * inner * ONES, bias=ONES),
            ops.Add(name="sum", inputs=("norm", "bits"), shape=shape),
            ops.Pool2D(name="pool", inputs=("sum",), shape=pooled, kind="max", size=(2, 2), strides=(2, 2)),
            ops.Affine(name="outer", inputs=("pool",), shape=pooled, mean=ONES, scale=outer * ONES, bias=0 * ONES),
            ops.Binarize(name="sign", inputs=("outer",), shape=pooled, threshold=np.float32(0)),
        ],
        ["sign"],
    )
    folded = fold_sums(graph)
    order = ["Binarize", "Pool2D"] if outer > 0 else ["Pool2D", "Binarize"]
    assert [type(op).__name__ for op in folded][-2:] == order
    images = rng.normal(size=(20, *shape))
    expected, found = interpret(graph, images, ["sign"])["sign"], interpret(folded, images, folded.outputs)
    np.testing.assert_array_equal(found[folded.outputs[0]], expected)

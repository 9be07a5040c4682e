"""Each pass does what it is for and keeps what a network computes, on values where rounding would show."""

import dataclasses

import numpy as np
import pytest

from larq_focal.network import GraphError, Kernel, QuantGraph, interpret, ops
from larq_focal.network.passes import PASSES, check_shapes, lower
from larq_focal.network.passes.affines import fold_into_layers, merge_affines
from larq_focal.network.passes.directions import flips_into_kernels
from larq_focal.network.passes.moves import (
    affines_before_reshapes,
    reshape_before_quantizers,
    signs_before_pooling,
)
from larq_focal.network.passes.packable import is_packable, why_not_packable
from larq_focal.network.passes.packing_reasons import why_not_packed
from larq_focal.network.passes.thresholds import fold_into_thresholds, normal_thresholds
from larq_focal.network.tflite import write_tflite
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.network.networks import chain
from tests.support.drawn_networks import drawn_inputs
from tests.support.writer_contract import assert_written

IMAGE, CHANNELS = (4, 4, 32), 32
RANDOM = np.random.default_rng(0)
NO_SHIFT = np.zeros(CHANNELS, np.float32)


def numbers(*shape) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def image() -> ops.Input:
    return ops.Input(name="x", shape=IMAGE)


def sign(threshold=0.0, shape=IMAGE, **fields) -> ops.Binarize:
    return ops.Binarize(name="sign", shape=shape, threshold=np.asarray(threshold, np.float32), **fields)


def affine(**fields) -> ops.Affine:
    constants = {"mean": numbers(CHANNELS), "scale": numbers(CHANNELS), "bias": numbers(CHANNELS), **fields}
    return ops.Affine(name="norm", shape=IMAGE, **constants)


def convolution(name="conv", codes=None, scale=None, **fields) -> ops.Conv2D:
    codes = RANDOM.choice([-1, 1], (3, 3, 32, 32)) if codes is None else codes
    scale = np.ones(codes.shape[-1], np.float32) if scale is None else scale
    kernel = Kernel(codes.astype(np.int8), scale, 1 if np.all(codes) else 2)
    fields = {"shape": (4, 4, codes.shape[-1]), "padding": "same", **fields}
    return ops.Conv2D(name=name, kernel=kernel, **fields)


def assert_computes_the_same(graph: QuantGraph, expected: QuantGraph, x: np.ndarray, exactly: bool = True) -> None:
    for name, other in zip(graph.outputs, expected.outputs, strict=True):
        first, second = interpret(graph, x)[name], interpret(expected, x)[other]
        assert np.ptp(second) > 0
        np.testing.assert_allclose(first, second, rtol=0, atol=0 if exactly else 1e-5 * np.abs(second).max())


def test_a_sign_behind_float_arithmetic_is_one_threshold_to_the_last_bit():
    chained = [affine(), ops.Activation(name="relu", shape=IMAGE, kind="relu6"), sign(numbers(CHANNELS) + 1)]
    graph = chain(image(), *chained)
    folded = fold_into_thresholds(graph)
    assert [type(op) for op in folded] == [ops.Input, ops.Binarize]
    threshold = folded.ops[-1].threshold
    steps = [threshold, np.nextafter(threshold, np.float32(np.inf)), np.nextafter(threshold, np.float32(-np.inf))]
    x = np.nan_to_num(np.stack(steps, 1).T.repeat(6, 0)[:16].reshape(1, *IMAGE), posinf=9, neginf=-9).clip(-1e6, 1e6)
    assert_computes_the_same(folded, graph, x)
    assert np.isinf(threshold).any() and folded.ops[-1].flip.any()


def test_a_sign_behind_whole_sums_is_a_whole_threshold():
    layer = convolution(scale=numbers(32), bias=numbers(32))
    graph = chain(image(), sign(), layer, affine(), dataclasses.replace(sign(0.25), name="after"))
    folded = fold_into_thresholds(graph)
    assert [type(op).__name__ for op in folded] == ["Input", "Binarize", "Conv2D", "Binarize"]
    threshold = folded.ops[-1].threshold
    assert np.all((threshold % 1 == 0) | np.isinf(threshold)) and (folded["conv"].kernel.scale == 1).all()
    assert_computes_the_same(folded, graph, numbers(4, *IMAGE))


def test_what_somebody_else_reads_is_not_folded_away():
    norm = dataclasses.replace(affine(), inputs=("x",))
    graph = QuantGraph("shared", [image(), norm, dataclasses.replace(sign(), inputs=("norm",))], ["sign", "norm"])
    assert fold_into_thresholds(graph).ops == graph.ops


def test_signs_go_before_pooling_where_packed_bits_are_wanted():
    pool = ops.Pool2D(name="pool", shape=(2, 2, 32), kind="max", size=(2, 2), strides=(2, 2))
    last = convolution(shape=(2, 2, 32))
    graph = chain(image(), pool, sign(numbers(CHANNELS), shape=pool.shape), last)
    swapped = signs_before_pooling(graph)
    assert [type(op).__name__ for op in swapped] == ["Input", "Binarize", "Pool2D", "Conv2D"]
    assert_computes_the_same(swapped, graph, numbers(3, *IMAGE))
    flipped = graph.rewritten(
        dataclasses.replace(op, flip=np.arange(32) < 1) if op.name == "sign" else op for op in graph
    )
    assert signs_before_pooling(flipped).ops == flipped.ops
    unused = QuantGraph("no convolution", graph.ops[:-1], ["sign"])
    assert signs_before_pooling(unused).ops == unused.ops


def test_flips_go_into_the_kernel_before_or_behind():
    flip = RANDOM.choice([False, True], CHANNELS)
    behind = chain(image(), sign(np.round(numbers(CHANNELS)), flip=flip), convolution())
    before = chain(image(), sign(), convolution(), dataclasses.replace(sign(2, flip=flip), name="after"))
    x = np.round(numbers(3, *IMAGE))  # many values are thresholds
    for graph in (behind, before):
        rising = flips_into_kernels(graph)
        assert all(op.flip is None for op in rising if isinstance(op, ops.Binarize))
        assert_computes_the_same(rising, graph, x)
    one_padded = chain(image(), sign(flip=flip), convolution(pad_value=1.0))
    assert flips_into_kernels(one_padded).ops == one_padded.ops


def test_quantizers_go_behind_reshapes():
    graph = chain(image(), sign(0.5), ops.Reshape(name="flat", shape=(512,)))
    assert [type(op).__name__ for op in reshape_before_quantizers(graph)] == ["Input", "Reshape", "Binarize"]
    by_channel = chain(image(), sign(numbers(CHANNELS)), ops.Reshape(name="flat", shape=(512,)))
    assert reshape_before_quantizers(by_channel).ops == by_channel.ops


def test_a_normalisation_behind_a_reshape_joins_the_layer_before_it():
    sum_of_map = convolution(codes=RANDOM.choice([-1, 1], (4, 4, 32, 32)), padding="valid", shape=(1, 1, 32))
    flat = ops.Reshape(name="flat", shape=(CHANNELS,))
    norm = dataclasses.replace(affine(), shape=(CHANNELS,))
    graph = chain(image(), sign(), sum_of_map, flat, norm)
    swapped = affines_before_reshapes(graph)
    assert [type(op).__name__ for op in swapped][-2:] == ["Affine", "Reshape"]
    assert swapped.outputs == graph.outputs
    assert_computes_the_same(swapped, graph, numbers(3, *IMAGE))
    codes = [operator.kind for operator in read_flatbuffer(write_tflite(graph)).operators]
    assert codes[-1] == "RESHAPE" and "MUL" not in codes
    of_other_channels = chain(
        image(),
        dataclasses.replace(flat, shape=(4 * 4 * 32,)),
        ops.Affine(name="wide", shape=(512,), mean=numbers(512), scale=numbers(512), bias=numbers(512)),
    )
    assert affines_before_reshapes(of_other_channels).ops == of_other_channels.ops


def test_normalisations_join_and_go_into_float_layers():
    weights = Kernel(numbers(3, 3, 32, 32), None, 32)
    layer = ops.Conv2D(name="conv", shape=IMAGE, kernel=weights, padding="same", bias=numbers(32))
    graph = chain(image(), layer, affine(), dataclasses.replace(affine(), name="second"))
    for rewrite, kinds in (
        (merge_affines, ["Input", "Conv2D", "Affine"]),
        (lambda graph: fold_into_layers(merge_affines(graph)), ["Input", "Conv2D"]),
    ):
        rewritten = rewrite(graph)
        assert [type(op).__name__ for op in rewritten] == kinds
        assert_computes_the_same(rewritten, graph, numbers(2, *IMAGE), exactly=False)


def test_thresholds_between_sums_of_a_float_layer_are_exact():
    """1.5 plus a last bit, taken from sums of halves, would be rounded away on the way."""
    codes = np.float32([[0.5, -1, 1, 1], [1, 1, -0.5, -0.5], [1, 0.5, 1, -1], [-1, 1, 1, 1]])
    threshold = np.nextafter(np.float32(1.5), np.float32([9, 9, -9, -9]))
    graph = chain(
        ops.Input(name="x", shape=(4,)),
        sign(shape=(4,)),
        ops.Dense(name="sums", shape=(4,), kernel=Kernel(codes, None, 32)),
        ops.Binarize(name="y", shape=(4,), threshold=threshold),
    )
    x = 1 - 2 * np.float32([[place >> bit & 1 for bit in range(4)] for place in range(16)])
    assert (interpret(graph, x, ["sums"])["sums"] == 1.5).any(0).all()
    assert_written(graph, {"x": x})
    lowered = lower(graph)
    (layer,) = (op for op in lowered if isinstance(op, ops.Linear))
    np.testing.assert_array_equal(layer.bias, [-2, -2, -1.5, -1.5])


@pytest.mark.parametrize("threshold", [0, -0.99999994, 2.5, 1e30, -1e30])
@pytest.mark.parametrize("bias", [None, 1.5, 0.1, -2.0000002, 1e9])
@pytest.mark.parametrize("pad_value", [0, 0.5])
def test_thresholds_behind_biased_sums_are_exact(threshold, bias, pad_value):
    """A file adds the bias in another order; behind a threshold on a grid that changes nothing."""
    signs = np.random.default_rng(0).integers(0, 2, (3, 3, 2, 8)).astype(np.int8) * 2 - 1
    kernel = Kernel(signs, np.full(8, -2, np.float32), 1)
    layer = ops.Conv2D(
        name="sums",
        shape=(4, 4, 8),
        kernel=kernel,
        padding="same",
        pad_value=pad_value,
        bias=None if bias is None else np.float32([bias] * 8),
    )
    zero_one = ops.Quantize(name="q", shape=(4, 4, 2), levels=np.float32([0, 1]), boundaries=np.float32([0]))
    after = ops.Binarize(name="y", shape=(4, 4, 8), threshold=np.float32(threshold))
    graph = chain(ops.Input(name="x", shape=(4, 4, 2)), zero_one, layer, after)
    assert_written(graph, {"x": numbers(8, 4, 4, 2)})
    bias = next(op for op in lower(graph) if isinstance(op, ops.Linear)).bias
    if bias is not None:
        np.testing.assert_array_equal(2 * bias, np.rint(2 * bias))


def test_thresholds_next_to_zero_are_normal_numbers():
    tiny, subnormal = np.finfo(np.float32).tiny, np.finfo(np.float32).smallest_subnormal
    threshold = np.float32([0, subnormal, -subnormal, tiny, 1] * 2)
    flip = np.arange(10) >= 5
    graph = chain(ops.Input(name="x", shape=(10,)), sign(threshold, shape=(10,), flip=flip))
    expected = np.float32([0, tiny, 0, tiny, 1, 0, 0, -tiny, tiny, 1])
    normal = normal_thresholds(graph)
    np.testing.assert_array_equal(normal.ops[-1].threshold, expected)
    x = np.float32([0, tiny, -tiny, 1, -1])[:, None].repeat(10, 1)
    assert_computes_the_same(normal, graph, x)


LEVELS = {
    "heaviside": (np.float32([0, 1]), 1),
    "ternary": (np.float32([-1, 0, 1]), 2),
    "two bits": (np.float32([0, 1, 2, 3]) / 3, 3),
}
KERNELS = {
    "signs": (np.array([-1, 1]), 1),
    "ternary": (np.array([-1, 0, 1]), 2),
    "odd": (np.array([-3, -1, 1, 3]), 2),
}


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("codes", KERNELS)
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_few_bits_are_sums_of_products_of_bits(levels, codes, padding):
    (levels, planes), (codes, kernel_planes) = LEVELS[levels], KERNELS[codes]
    boundaries = (np.arange(len(levels) - 1) / 2).astype(np.float32)
    quantize = ops.Quantize(name="steps", shape=IMAGE, levels=levels, boundaries=boundaries)
    kernel = Kernel(RANDOM.choice(codes, (3, 3, 32, 5)).astype(np.int8), numbers(5), 1 if kernel_planes == 1 else 2)
    shape = (4, 4, 5) if padding == "same" else (2, 2, 5)
    layer = ops.Conv2D(name="conv", shape=shape, kernel=kernel, padding=padding, bias=numbers(5))
    graph = chain(image(), quantize, layer)
    assert why_not_packed(graph, graph["conv"]) is None
    lowered = lower(graph)
    products = [op for op in lowered.layers if is_packable(lowered, op)]
    assert len(products) == len(lowered.layers) == planes * kernel_planes
    x = np.round(4 * numbers(3, *IMAGE)) / 4
    assert_computes_the_same(lowered, graph, x, exactly=False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"groups": 8, "kernel": Kernel(np.ones((3, 3, 4, 32), np.int8), np.ones(32, "f4"), 1)}, "groups have 4 input"),
        ({"groups": 32, "kernel": Kernel(np.ones((3, 3, 1, 32), np.int8), np.ones(32, "f4"), 1)}, "it is depthwise"),
        ({"pad_value": 0.5}, "it pads with 0.5"),
        ({"kernel": Kernel(numbers(3, 3, 32, 32), None, 32)}, "kernel has 32 bits"),
    ],
)
def test_what_stays_float_says_why(changes, reason):
    graph = chain(image(), sign(), dataclasses.replace(convolution(), **changes))
    assert reason in why_not_packed(graph, graph["conv"])
    assert not any(is_packable(lower(graph), op) for op in lower(graph).layers)


@pytest.mark.parametrize("pads", [((0, 0), (2, 0)), ((1, 2), (0, 1))])
@pytest.mark.parametrize("scale", [1, 0.3])
def test_zeros_around_signs_are_ones_that_are_taken_off_again(pads, scale):
    random = np.random.default_rng(0)
    shape = tuple(4 + sum(pad) for pad in pads)
    kernel = Kernel(random.choice([-1, 1], (2, 3, 40, 6)).astype(np.int8), np.full(6, scale, np.float32), 1)
    graph = chain(
        ops.Input(name="x", shape=(4, 4, 40)),
        ops.Binarize(name="sign", shape=(4, 4, 40), threshold=np.float32(0)),
        ops.Pad(name="zeros", shape=(*shape, 40), pads=(*pads, (0, 0))),
        ops.Conv2D(name="conv", shape=(shape[0] - 1, shape[1] - 2, 6), kernel=kernel, bias=numbers(6)),
        ops.Binarize(name="next", shape=(shape[0] - 1, shape[1] - 2, 6), threshold=np.float32(0.25)),
    )
    assert why_not_packed(graph, graph["conv"]) is None
    assert read_flatbuffer(write_tflite(graph)).operations.count("LceBconv2d") == 1
    assert_written(graph, drawn_inputs(graph), lce=True)
    assert_written(graph.rewritten(graph.ops[:-1], ["conv"]), drawn_inputs(graph), lce=True)


def test_signs_may_be_padded_with_minus_one():
    graph = chain(image(), sign(), convolution(scale=numbers(32), pad_value=-1.0))
    lowered = lower(graph)
    assert why_not_packed(graph, graph["conv"]) is None and is_packable(lowered, lowered.layers[0])
    assert_computes_the_same(lowered, graph, numbers(2, *IMAGE), exactly=False)


def test_signs_alone_are_packed():
    graph = chain(image(), convolution())
    assert "input has 32 bits" in why_not_packable(graph, graph["conv"])


def test_every_stage_can_be_looked_at():
    stages = []
    lower(chain(image(), sign(), convolution()), after=lambda name, graph: stages.append((name, len(graph))))
    assert [name for name, _ in stages] == list(PASSES)


def test_names_that_passes_give_may_be_taken():
    again, scaled = dataclasses.replace(sign(), name="again"), convolution("conv", scale=np.full(32, 2, "f4"))
    graph = chain(image(), sign(), convolution("conv/sums"), again, scaled)
    graph = QuantGraph("taken", graph.ops, ["conv", "conv/sums"])
    assert_computes_the_same(lower(graph), graph, numbers(2, *IMAGE))


def test_a_wrong_shape_is_found_and_named():
    graph = chain(image(), dataclasses.replace(sign(), shape=(4, 4, 31)))
    with pytest.raises(GraphError, match=r"'sign' of 'chain' has the shape \(4, 4, 31\), but computes \(4, 4, 32\)"):
        check_shapes(graph)


@pytest.mark.parametrize(("channels", "window"), [(64, (3, 3, 64)), (50, (1, 1, 450))])
def test_a_flattened_map_is_a_window_where_that_takes_no_more_words(channels, window):
    """Nine pixels of 50 channels end in 18 words, a row of the same 450 bits in 15."""
    random, image = np.random.default_rng(0), (3, 3, channels)
    codes = random.choice([-1, 1], (9 * channels, 8)).astype(np.int8)
    graph = chain(
        ops.Input(name="x", shape=image),
        ops.Binarize(name="sign", shape=image, threshold=random.normal(size=channels).astype("f4")),
        ops.Reshape(name="flat", shape=(9 * channels,)),
        ops.Dense(name="dense", shape=(8,), kernel=Kernel(codes, np.ones(8, "f4"), 1)),
    )
    (layer,) = lower(graph).layers
    assert layer.kernel.shape[:3] == window
    assert_written(graph, drawn_inputs(graph), lce=True)

"""Folded thresholds are exact: on every integer that a sum can take, the folded network gives the same signs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler.integer_form.fold import fold_thresholds
from larq_focal.network import Kernel, QuantGraph, ops
from larq_focal.network.integer_sums import largest_sum
from larq_focal.network.interpret import interpret
from tests.network.networks import chain

CHANNELS = 6

# Whole numbers and simple fractions put sums right onto thresholds.
coefficients = st.floats(-4, 4, width=32) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 3.0, 1e-30, 1e30, 0.1])
vectors = st.lists(coefficients, min_size=CHANNELS, max_size=CHANNELS).map(lambda values: np.array(values, np.float32))
positive_vectors = vectors.map(np.abs)


def ternary(shape):
    """An input of which every element is rounded to -1, 0 or +1, so that sums take every integer."""
    levels, boundaries = np.array([-1, 0, 1], np.float32), np.array([-0.5, 0.5], np.float32)
    return ops.Input(name="x", shape=shape), ops.Quantize(name="q", shape=shape, levels=levels, boundaries=boundaries)


def signs(*shape, seed=0):
    return np.random.default_rng(seed).choice(np.float32([-1, 1]), shape)


def dense(fan_in, scale, bias):
    kernel = Kernel(signs(fan_in, CHANNELS).astype(np.int8), scale, 1)
    return ops.Dense(name="layer", shape=(CHANNELS,), kernel=kernel, bias=bias)


def every_sum(weights):
    """Inputs [N, fan_in] that give the first channel of ``weights`` every sum from -K to K, and many to the others."""
    fan_in = len(weights)
    ladder = np.array([[1] * up + [0] * (fan_in - up) for up in range(fan_in + 1)])
    rows = np.concatenate([ladder, -ladder])
    return np.concatenate([rows * weights[:, channel] for channel in range(weights.shape[1])])


def affine(name, mean, scale, bias, shape=(CHANNELS,)):
    return ops.Affine(name=name, shape=shape, mean=mean, scale=scale, bias=bias)


def binarize(name="sign", threshold=0.0, flip=None, shape=(CHANNELS,)):
    return ops.Binarize(name=name, shape=shape, threshold=np.asarray(threshold, np.float32), flip=flip)


def outputs(graph, x):
    with np.errstate(all="ignore"):  # coefficients may overflow
        values = interpret(graph, x, graph.outputs)
    return [values[name] for name in graph.outputs]


def assert_same_outputs(graph, folded, x):
    for one, other in zip(outputs(graph, x), outputs(folded, x), strict=True):
        np.testing.assert_array_equal(one, other)


def kinds(graph):
    return [type(op).__name__ for op in graph]


few = settings(max_examples=50)
activations = st.sampled_from([None, "relu", "relu6", "relu_n1_to_1", "leaky_relu", "hard_sigmoid"])


@few
@given(vectors, st.none() | vectors, vectors, vectors, vectors, vectors, activations, st.integers(1, 20))
def test_every_sum_has_the_same_sign(scale, bias, mean, gamma, beta, threshold, activation, fan_in):
    steps = [dense(fan_in, scale, bias)]
    if activation:
        steps.append(ops.Activation(name="f", shape=(CHANNELS,), kind=activation, alpha=np.float32(0.1)))
    steps += [affine("norm", mean, gamma, beta), binarize(threshold=threshold)]
    graph = chain(*ternary((fan_in,)), *steps)
    folded = fold_thresholds(graph)
    assert kinds(folded) == ["Input", "Quantize", "Dense", "Binarize"]
    assert_same_outputs(graph, folded, every_sum(graph["layer"].kernel.codes))
    result = folded["sign"].threshold
    assert result.shape == (CHANNELS,)
    finite = result[np.isfinite(result)]
    np.testing.assert_array_equal(finite, np.rint(finite))
    assert np.all(np.abs(finite) <= fan_in)


@few
@given(positive_vectors.map(lambda scale: scale + 1), vectors, vectors, vectors)
def test_the_negative_scales_are_the_flipped_channels(gamma, mean, beta, sign):
    gamma = np.where(sign < 0, -gamma, gamma)
    graph = chain(
        *ternary((9,)), dense(9, np.ones(CHANNELS, np.float32), None), affine("norm", mean, gamma, beta), binarize()
    )
    threshold, flip = (getattr(fold_thresholds(graph)["sign"], name) for name in ("threshold", "flip"))
    is_constant = np.isinf(threshold)
    np.testing.assert_array_equal(np.zeros(CHANNELS, bool) if flip is None else flip, (gamma < 0) & ~is_constant)


def test_constant_channels_have_infinite_thresholds():
    zero, bias = np.zeros(CHANNELS, np.float32), np.float32([1, -1, 0, 1, -1, 0])
    graph = chain(*ternary((4,)), dense(4, zero + 1, None), affine("norm", zero, zero, bias), binarize())
    folded = fold_thresholds(graph)
    np.testing.assert_array_equal(folded["sign"].threshold, np.where(bias < 0, np.inf, -np.inf))
    assert folded["sign"].flip is None
    assert_same_outputs(graph, folded, every_sum(graph["layer"].kernel.codes))


def test_folded_layers_give_plain_sums():
    scale, bias = np.full(CHANNELS, 0.3, np.float32), np.ones(CHANNELS, np.float32)
    folded = fold_thresholds(chain(*ternary((5,)), dense(5, scale, bias), binarize()))
    assert folded["layer"].bias is None
    np.testing.assert_array_equal(folded["layer"].kernel.scale, np.ones(CHANNELS))


IMAGE, POOLED = (6, 6, CHANNELS), (3, 3, CHANNELS)


def convolution(scale, name="layer", groups=1, **fields):
    kernel = Kernel(signs(3, 3, CHANNELS // groups, CHANNELS).astype(np.int8), scale, 1)
    fields = {"shape": IMAGE, "padding": "same", "groups": groups} | fields
    return ops.Conv2D(name=name, kernel=kernel, bias=None, **fields)


def pool(**fields):
    return ops.Pool2D(name="pool", shape=POOLED, kind="max", size=(3, 3), strides=(2, 2), padding="same", **fields)


@few
@given(vectors, vectors, vectors, vectors, vectors, st.integers(0, 99))
def test_maxima_on_the_way_change_nothing(before, mean, gamma, beta, threshold, seed):
    steps = [affine("inner", mean, before, beta, IMAGE), pool(), affine("outer", beta, gamma, mean, POOLED)]
    layer = convolution(np.ones(CHANNELS, np.float32))
    graph = chain(*ternary(IMAGE), layer, *steps, binarize(threshold=threshold, shape=POOLED))
    folded = fold_thresholds(graph)
    x = np.random.default_rng(seed).choice([-1, 0, 1], (2, *IMAGE))
    assert_same_outputs(graph, folded, x)
    if np.all(gamma > 0) or np.all(before > 0):
        assert "Affine" not in kinds(folded)


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        (-1, 1, ["Conv2D", "Binarize", "Pool2D"]),
        (1, 1, ["Conv2D", "Binarize", "Pool2D"]),
        (1, -1, ["Conv2D", "Pool2D", "Binarize"]),
        (-1, -1, ["Conv2D", "Affine", "Pool2D", "Affine", "Binarize"]),
    ],
)
def test_where_the_maximum_goes(before, after, order):
    zero = np.zeros(CHANNELS, np.float32)
    inner, outer = affine("inner", zero, zero + before, zero, IMAGE), affine("outer", zero, zero + after, zero, POOLED)
    graph = chain(*ternary(IMAGE), convolution(zero + 1), inner, pool(), outer, binarize(shape=POOLED))
    folded = fold_thresholds(graph)
    assert kinds(folded)[2:] == order
    assert folded[folded.outputs[0]].shape == POOLED


@pytest.mark.parametrize("geometry", [{"pad_value": 1.0}, {"strides": (2, 2), "shape": POOLED}, {"groups": 2}])
def test_a_network_of_several_layers(geometry):
    rng = np.random.default_rng(0)
    numbers = [rng.normal(size=CHANNELS).astype(np.float32) for _ in range(6)]
    first = convolution(np.abs(numbers[0]), "first")
    second = convolution(np.abs(numbers[1]), "second", **geometry)
    shape = second.shape
    graph = chain(
        ops.Input(name="x", shape=IMAGE),
        binarize("sign0", shape=IMAGE),
        first,
        affine("norm1", *numbers[:3], IMAGE),
        binarize("sign1", shape=IMAGE),
        second,
        affine("norm2", *numbers[3:], shape),
        ops.Activation(name="relu", shape=shape, kind="relu"),
        ops.Reshape(name="flat", shape=(int(np.prod(shape)),)),
        binarize("sign2", threshold=0.25, shape=(int(np.prod(shape)),)),
    )
    folded = fold_thresholds(graph)
    assert kinds(folded) == ["Input", "Binarize", "Conv2D", "Binarize", "Conv2D", "Binarize", "Reshape"]
    assert_same_outputs(graph, folded, rng.normal(size=(3, *IMAGE)))


ONES = np.ones(CHANNELS, np.float32)


def branching():
    """The normalised value also goes around the binarizer, as in a residual network."""
    image, quantize = ternary(IMAGE)
    quantize = ops.Quantize(**{**vars(quantize), "inputs": ("x",)})
    layer = convolution(ONES, inputs=("q",))
    norm = ops.Affine(name="norm", inputs=("layer",), shape=IMAGE, mean=ONES, scale=ONES, bias=ONES)
    sign = ops.Binarize(name="sign", inputs=("norm",), shape=IMAGE, threshold=np.float32(0))
    add = ops.Add(name="add", inputs=("norm", "sign"), shape=IMAGE)
    return QuantGraph("branching", [image, quantize, layer, norm, sign, add], ["add"])


def shown(graph, name):
    return graph.rewritten(graph.ops, [*graph.outputs, name])


PLAIN = chain(*ternary(IMAGE), convolution(ONES), affine("norm", ONES, ONES, ONES, IMAGE), binarize(shape=IMAGE))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(branching(), id="value used elsewhere"),
        pytest.param(shown(PLAIN, "norm"), id="value is an output"),
        pytest.param(chain(ternary(IMAGE)[0], *PLAIN.ops[2:]), id="float input"),
        pytest.param(chain(*PLAIN.ops[:2], convolution(ONES, pad_value=0.5), *PLAIN.ops[3:]), id="fractional padding"),
        pytest.param(
            chain(
                *PLAIN.ops[:3], ops.Activation(name="f", shape=IMAGE, kind="square"), binarize(threshold=4, shape=IMAGE)
            ),
            id="two steps",
        ),
        pytest.param(
            chain(
                *PLAIN.ops[:3],
                ops.Activation(name="f", shape=IMAGE, kind="softmax"),
                binarize(threshold=0.1, shape=IMAGE),
            ),
            id="softmax",
        ),
        pytest.param(chain(*PLAIN.ops[:3], binarize(threshold=np.zeros(IMAGE), shape=IMAGE)), id="threshold per pixel"),
        pytest.param(
            chain(*PLAIN.ops[:3], affine("norm", *np.ones((3, *IMAGE), np.float32), IMAGE), binarize(shape=IMAGE)),
            id="normalisation per pixel",
        ),
        pytest.param(
            chain(
                *PLAIN.ops[:4], ops.Reshape(name="flat", shape=(216,)), binarize(threshold=np.zeros(216), shape=(216,))
            ),
            id="threshold per element",
        ),
    ],
)
def test_what_cannot_be_folded_stays(graph):
    folded = fold_thresholds(graph)
    assert [(type(op), op.name, op.inputs) for op in folded] == [(type(op), op.name, op.inputs) for op in graph]
    assert_same_outputs(graph, folded, np.random.default_rng(0).choice([-1, 0, 1], (2, *IMAGE)))


def test_the_largest_sum_counts_weights_levels_and_padding():
    kernel = Kernel(np.array([[2, 0], [-1, 1], [3, 0]], np.int8), np.ones(2, np.float32), 3)
    layer = ops.Dense(name="layer", shape=(2,), kernel=kernel)
    graph = chain(*ternary((3,)), layer)
    assert largest_sum(graph, graph["layer"]) == 6
    assert largest_sum(PLAIN, PLAIN["layer"]) == 9 * CHANNELS


def test_tables_are_evaluated_in_slices(monkeypatch):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(3, CHANNELS)).astype(np.float32)
    graph = chain(*ternary((40,)), dense(40, ONES, None), affine("norm", *numbers), binarize())
    whole = fold_thresholds(graph)["sign"]
    monkeypatch.setattr("larq_focal.focal_plane.compiler.integer_form.fold._TABLE_SIZE", 7 * CHANNELS)
    sliced = fold_thresholds(graph)["sign"]
    np.testing.assert_array_equal(sliced.threshold, whole.threshold)
    np.testing.assert_array_equal(sliced.flip, whole.flip)

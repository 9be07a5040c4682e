"""What each operation computes, on numbers that can be checked by hand, and how the interpreter is called."""

import numpy as np
import pytest

from larq_focal.network import GraphError, Kernel, QuantGraph, ops
from larq_focal.network.interpret import interpret
from tests.network.networks import chain, every_op

LINE = np.array([-7, -1, -0.5, -0.0, 0.0, 0.5, 1, 7], np.float32)


def value(op, *inputs):
    """What ``op`` computes of arrays without a batch axis."""
    feeds = [ops.Input(name=f"input{index}", shape=np.shape(array)) for index, array in enumerate(inputs)]
    op = type(op)(**{**vars(op), "inputs": tuple(feed.name for feed in feeds)})
    graph = QuantGraph("one operation", [*feeds, op], [op.name])
    arrays = {feed.name: np.asarray(array)[None] for feed, array in zip(feeds, inputs, strict=True)}
    result = interpret(graph, arrays)[op.name]
    assert result.dtype == np.float32
    assert result.shape[1:] == op.shape
    return result[0].tolist()


@pytest.mark.parametrize(
    ("threshold", "flip", "expected"),
    [
        (0.0, None, [-1, -1, -1, 1, 1, 1, 1, 1]),
        (0.5, None, [-1, -1, -1, -1, -1, 1, 1, 1]),
        (0.5, np.ones(8, bool), [1, 1, 1, 1, 1, 1, -1, -1]),
        (np.resize([np.inf, -np.inf], 8), None, [-1, 1, -1, 1, -1, 1, -1, 1]),
        (0.0, np.arange(8) < 2, [1, 1, -1, 1, 1, 1, 1, 1]),
    ],
)
def test_binarize(threshold, flip, expected):
    threshold = np.asarray(threshold, np.float32)
    assert value(ops.Binarize(name="sign", shape=(8,), threshold=threshold, flip=flip), LINE) == expected


def test_quantize_steps_up_at_its_boundaries():
    levels, boundaries = np.array([-1, 0, 2], np.float32), np.array([-0.5, 0.5], np.float32)
    op = ops.Quantize(name="steps", shape=(8,), levels=levels, boundaries=boundaries)
    assert value(op, LINE) == [-1, -1, 0, 0, 0, 2, 2, 2]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"scale": 1.0, "bits": 8}, [-7, -1, -1, 0, 0, 1, 1, 7]),
        ({"scale": 1.0, "bits": 3}, [-4, -1, -1, 0, 0, 1, 1, 3]),
        ({"scale": 2.0, "bits": 3}, [-8, -2, 0, 0, 0, 0, 2, 6]),
        ({"scale": 1.0, "bits": 2, "signed": False}, [0, 0, 0, 0, 0, 1, 1, 3]),
        ({"scale": 1.0, "bits": 2, "zero_point": 1}, [-3, -1, -1, 0, 0, 0, 0, 0]),
    ],
)
def test_uniform_quantize_rounds_halves_away_from_zero(fields, expected):
    assert value(ops.UniformQuantize(name="q", shape=(8,), **fields), LINE) == expected


@pytest.mark.parametrize(
    ("kind", "alpha", "expected"),
    [
        ("relu", None, [0, 0, 0, 0, 0, 0.5, 1, 7]),
        ("relu6", None, [0, 0, 0, 0, 0, 0.5, 1, 6]),
        ("relu_n1_to_1", None, [-1, -1, -0.5, 0, 0, 0.5, 1, 1]),
        ("clip", [-0.5, 3], [-0.5, -0.5, -0.5, 0, 0, 0.5, 1, 3]),
        ("leaky_relu", 0.5, [-3.5, -0.5, -0.25, 0, 0, 0.5, 1, 7]),
        ("prelu", [1, 2, 0, 1, 1, 1, 1, -1], [-7, -2, 0, 0, 0, 0.5, 1, 7]),
        ("hard_sigmoid", None, [0, 0.3, 0.4, 0.5, 0.5, 0.6, 0.7, 1]),
        ("abs", None, [7, 1, 0.5, 0, 0, 0.5, 1, 7]),
        ("square", None, [49, 1, 0.25, 0, 0, 0.25, 1, 49]),
        ("sigmoid", None, 1 / (1 + np.exp(-LINE))),
        ("tanh", None, np.tanh(LINE)),
        ("softmax", None, np.exp(LINE) / np.exp(LINE).sum()),
    ],
)
def test_activations(kind, alpha, expected):
    alpha = None if alpha is None else np.array(alpha, np.float32)
    result = value(ops.Activation(name="f", shape=(8,), kind=kind, alpha=alpha), LINE)
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-7)


def test_sigmoid_and_softmax_of_large_numbers():
    large = np.array([-3e38, 3e38, 1000], np.float32)
    assert value(ops.Activation(name="f", shape=(3,), kind="sigmoid"), large) == [0, 1, 1]
    assert (
        value(ops.Activation(name="f", shape=(3,), kind="softmax"), large[[2, 2]].repeat(2)[:3])
        == [pytest.approx(1 / 3)] * 3
    )


def test_affine_subtracts_first():
    arrays = {name: np.array([number], np.float32) for name, number in (("mean", 1), ("scale", 3), ("bias", -0.5))}
    assert value(ops.Affine(name="norm", shape=(8,), **arrays), LINE) == [-24.5, -6.5, -5, -3.5, -3.5, -2, -0.5, 17.5]


IMAGE = np.array([[1, 2, 3], [4, 5, 6], [7, 8, -9]], np.float32)[..., None]


@pytest.mark.parametrize(
    ("kind", "padding", "expected"),
    [
        ("max", "valid", [5]),
        ("max", "same", [5, 6, 8, -9]),
        ("average", "valid", [3]),
        ("average", "same", [3, 4.5, 7.5, -9]),
    ],
)
def test_padding_is_left_out_of_pools(kind, padding, expected):
    side = 2 if padding == "same" else 1
    op = ops.Pool2D(name="pool", shape=(side, side, 1), kind=kind, size=(2, 2), strides=(2, 2), padding=padding)
    assert np.ravel(value(op, IMAGE)).tolist() == expected


@pytest.mark.parametrize(("kind", "expected"), [("max", 8), ("average", 3)])
def test_global_pools(kind, expected):
    assert value(ops.GlobalPool(name="pool", shape=(1,), kind=kind), IMAGE) == [expected]
    assert value(ops.GlobalPool(name="pool", shape=(1, 1, 1), kind=kind, keep_dims=True), IMAGE) == [[[expected]]]


def test_sums_and_products_broadcast():
    rows, column = np.arange(6).reshape(2, 3), np.array([[1], [10]])
    assert value(ops.Add(name="sum", shape=(2, 3)), rows, column, rows) == [[1, 3, 5], [16, 18, 20]]
    assert value(ops.Multiply(name="product", shape=(2, 3)), rows, column) == [[0, 1, 2], [30, 40, 50]]


def test_moves():
    rows = np.arange(6).reshape(2, 3)
    assert value(ops.Reshape(name="r", shape=(3, 2)), rows) == [[0, 1], [2, 3], [4, 5]]
    assert value(ops.Concat(name="c", shape=(2, 6)), rows, rows)[0] == [0, 1, 2, 0, 1, 2]
    assert value(ops.Concat(name="c", shape=(4, 3), axis=0), rows, rows)[3] == [3, 4, 5]
    assert value(ops.Pad(name="p", shape=(2, 5), pads=((0, 0), (2, 0)), value=7), rows)[1] == [7, 7, 3, 4, 5]
    assert value(ops.Slice(name="s", shape=(1, 2), begin=(1, 2), strides=(1, -2)), rows) == [[5, 3]]


def test_layers_scale_their_integer_sums():
    signs = np.array([[1, -1], [1, 1], [-1, -1]], np.float32)
    kernel = Kernel.from_values(signs * np.array([0.1, 0.3], np.float32))
    op = ops.Dense(name="dense", shape=(2,), kernel=kernel, bias=np.array([0, 1], np.float32))
    assert value(op, [1, 1, -1]) == [np.float32(3) * np.float32(0.1), np.float32(1) * np.float32(0.3) + np.float32(1)]


@pytest.mark.parametrize("pad_value", [0.0, 1.0, -1.0, 0.5])
def test_convolutions_see_the_pad_value_outside(pad_value):
    kernel = Kernel.from_values(np.ones((3, 3, 1, 1), np.float32))
    op = ops.Conv2D(name="conv", shape=(3, 3, 1), kernel=kernel, padding="same", pad_value=pad_value)
    assert value(op, np.ones((3, 3, 1)))[0][0] == [4 + 5 * pad_value]


def test_only_what_is_needed_is_computed():
    graph = every_op()
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 4))
    assert list(interpret(graph, images, ["mean", "norm"])) == ["norm", "mean"]
    assert list(interpret(graph, images, graph.outputs)) == ["mean", "dense"]


def test_unknown_operations_are_refused_where_needed():
    with pytest.raises(GraphError, match="'mystery' cannot be computed: Mystery is not understood"):
        interpret(every_op(), np.zeros((1, 8, 8, 4)))


def test_values_that_do_not_exist_are_named():
    with pytest.raises(GraphError, match=r"'every operation' has no value named \['logits'\]"):
        interpret(every_op(), np.zeros((1, 8, 8, 4)), ["logits"])


TWO = QuantGraph("two", [ops.Input(name="a", shape=(3,)), ops.Input(name="b", shape=(2,))], ["a"])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((1, 3)), r"'two' has the inputs \['a', 'b'\]; give a dictionary"),
        ({"a": np.zeros((1, 3))}, r"'two' has the inputs \['a', 'b'\], but was given \['a'\]"),
        ({"a": np.zeros((1, 3)), "b": np.zeros((1, 3))}, r"'b' of 'two' has the shape \[batch, 2\], .* has \[1, 3\]"),
        ({"a": np.zeros((1, 3)), "b": np.zeros(2)}, r"'b' of 'two' has the shape \[batch, 2\], .* has \[2\]"),
        ({"a": np.zeros((1, 3)), "b": np.zeros((2, 2))}, "batches of different sizes"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs, message):
    with pytest.raises(ValueError, match=message):
        interpret(TWO, inputs)


def test_an_activation_that_does_not_exist_is_named():
    graph = chain(ops.Input(name="x", shape=(3,)), ops.Activation(name="f", shape=(3,), kind="swoosh"))
    with pytest.raises(GraphError, match="'f' cannot be computed: there is no activation 'swoosh'"):
        interpret(graph, np.zeros((1, 3)))

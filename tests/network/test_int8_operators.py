"""Operators of 8-bit integers that are written: against integer arithmetic, read again, and what is not written so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.deploy.runtime import Runtime
from larq_focal.network import Kernel, QuantGraph, interpret, ops, write_tflite
from larq_focal.network.int8 import Grid, quantized_bias, quantized_kernel
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.read.from_tflite import from_tflite
from tests.support import integer_reference as reference

GRIDS = st.builds(Grid, st.floats(1 / 512, 1 / 4).map(np.float32).map(float), st.integers(-128, 127))
SEEDS = st.integers(0, 2**16)
SAMPLES = 2


def rounding(name: str, source: str, shape, grid: Grid) -> ops.UniformQuantize:
    return ops.UniformQuantize(name=name, inputs=(source,), shape=shape, scale=grid.scale, zero_point=grid.zero_point)


def rounded_input(name: str, shape, grid: Grid) -> list[ops.Op]:
    return [ops.Input(name=name, shape=shape), rounding(f"{name}/int8", name, shape, grid)]


def integers(random, shape) -> np.ndarray:
    return random.integers(-128, 128, (SAMPLES, *shape))


def real(codes: np.ndarray, grid: Grid) -> np.ndarray:
    return ((codes - grid.zero_point) * np.float32(grid.scale)).astype(np.float32)


def assert_computes(
    graph: QuantGraph, kind: str, fed: dict, grid: Grid, expected: np.ndarray, off: float = 0.02
) -> None:
    """The file has an int8 operator ``kind`` that gives ``expected``, of which a part ``off`` may be a step off.

    Engines round halves as they like (of four numbers, every fourth average is one), and multiply by rounded numbers.
    """
    content = write_tflite(graph)
    (operator,) = [operator for operator in read_flatbuffer(content).operators if operator.kind == kind]
    assert operator.outputs[0].dtype == "int8"
    computed = {"file": Runtime(content).run(fed)}
    computed["graph"] = interpret(graph, fed, graph.outputs)[graph.outputs[0]]
    read = from_tflite(content)
    computed["graph read again"] = interpret(read, fed, read.outputs)[read.outputs[0]]
    for what, values in computed.items():
        codes = np.rint(values / np.float32(grid.scale)).astype(np.int64) + grid.zero_point
        assert np.abs(codes - expected).max() <= 1, what
        assert np.mean(codes != expected) <= off, what


def layer_graph(layer: ops.Linear, shape, x_grid, y_grid, relu=False) -> QuantGraph:
    made = [*rounded_input("x", shape, x_grid), layer]
    if relu:
        made.append(ops.Activation(name="relu", inputs=(layer.name,), shape=layer.shape, kind="relu"))
    made.append(rounding("y/int8", made[-1].name, layer.shape, y_grid))
    return QuantGraph("layer", made, ["y/int8"])


def drawn_weights(random, shape, x_grid) -> tuple[Kernel, np.ndarray, np.ndarray]:
    """A kernel, its bias as float, and as integers."""
    values = (random.normal(size=shape) * 2.0 ** random.integers(-3, 3, shape[-1])).astype(np.float32)
    bias = random.normal(size=shape[-1])
    kernel = quantized_kernel(Kernel(values, None, 32), x_grid.scale, bias)
    assert np.abs(kernel.values() - values).max() <= kernel.scale.max() * 0.51
    floats = quantized_bias(bias, x_grid.scale, kernel)
    return kernel, floats, np.rint(bias / (np.float64(x_grid.scale) * kernel.scale)).astype(np.int64)


@settings(max_examples=12, deadline=None)
@given(SEEDS, GRIDS, st.booleans(), st.sampled_from(["same", "valid"]), st.sampled_from([(1, 1), (2, 1), (2, 2)]))
def test_convolutions_have_a_scale_for_each_channel_and_pad_with_the_zero_point(seed, x_grid, relu, padding, strides):
    random = np.random.default_rng(seed)
    shape, depth, out = (6, 7, 3), 3, 5
    kernel, bias, integer_bias = drawn_weights(random, (3, 2, depth, out), x_grid)
    y_grid = Grid.over(-x_grid.scale * 900, x_grid.scale * 700)
    sides = [
        -(-size // stride) if padding == "same" else (size - window) // stride + 1
        for size, window, stride in zip(shape[:2], (3, 2), strides, strict=True)
    ]
    layer = ops.Conv2D(
        name="y", inputs=("x/int8",), shape=(*sides, out), kernel=kernel, bias=bias, padding=padding, strides=strides
    )
    codes = integers(random, shape)
    weights = kernel.codes.astype(np.int64)
    expected = reference.convolution(
        codes, weights, integer_bias, strides, padding, x_grid, kernel.scale.astype(np.float64), y_grid, relu
    )
    graph = layer_graph(layer, shape, x_grid, y_grid, relu)
    assert_computes(graph, "CONV_2D", {"x": real(codes, x_grid)}, y_grid, expected)


@settings(max_examples=15, deadline=None)
@given(SEEDS, GRIDS)
def test_depthwise_convolutions_have_a_scale_for_each_channel(seed, x_grid):
    random = np.random.default_rng(seed)
    kernel, bias, integer_bias = drawn_weights(random, (2, 2, 1, 6), x_grid)
    y_grid = Grid.over(-x_grid.scale * 600, x_grid.scale * 300)
    layer = ops.Conv2D(name="y", inputs=("x/int8",), shape=(4, 4, 6), kernel=kernel, bias=bias, groups=6)
    codes = integers(random, (5, 5, 6))
    expected = reference.depthwise(
        codes, kernel.codes[:, :, 0].astype(np.int64), integer_bias, x_grid, kernel.scale.astype(np.float64), y_grid
    )
    graph = layer_graph(layer, (5, 5, 6), x_grid, y_grid)
    assert_computes(graph, "DEPTHWISE_CONV_2D", {"x": real(codes, x_grid)}, y_grid, expected)


@settings(max_examples=12, deadline=None)
@given(SEEDS, GRIDS, st.booleans())
def test_dense_layers_have_a_scale_for_each_output(seed, x_grid, relu):
    random = np.random.default_rng(seed)
    kernel, bias, integer_bias = drawn_weights(random, (20, 7), x_grid)
    y_grid = Grid.over(-x_grid.scale * 900, x_grid.scale * 900)
    layer = ops.Dense(name="y", inputs=("x/int8",), shape=(7,), kernel=kernel, bias=bias)
    codes = integers(random, (20,))
    expected = reference.dense(codes, kernel.codes, integer_bias, x_grid, kernel.scale.astype(np.float64), y_grid, relu)
    graph = layer_graph(layer, (20,), x_grid, y_grid, relu)
    assert_computes(graph, "FULLY_CONNECTED", {"x": real(codes, x_grid)}, y_grid, expected)


@settings(max_examples=15, deadline=None)
@given(SEEDS, GRIDS, GRIDS, st.sampled_from([ops.Add, ops.Multiply]))
def test_sums_and_products_take_two_grids_to_a_third(seed, a_grid, b_grid, cls):
    random, shape = np.random.default_rng(seed), (3, 4, 5)
    largest = 255 * a_grid.scale + 255 * b_grid.scale if cls is ops.Add else 255**2 * a_grid.scale * b_grid.scale
    y_grid = Grid.over(-largest / 2, largest / 3)
    made = [*rounded_input("a", shape, a_grid), *rounded_input("b", shape, b_grid)]
    made.append(cls(name="y", inputs=("a/int8", "b/int8"), shape=shape))
    made.append(rounding("y/int8", "y", shape, y_grid))
    a, b = integers(random, shape), integers(random, shape)
    compute = reference.addition if cls is ops.Add else reference.product
    graph = QuantGraph("two", made, ["y/int8"])
    fed = {"a": real(a, a_grid), "b": real(b, b_grid)}
    assert_computes(graph, "ADD" if cls is ops.Add else "MUL", fed, y_grid, compute(a, b, a_grid, b_grid, y_grid))


@settings(max_examples=15, deadline=None)
@given(SEEDS, GRIDS)
def test_averages(seed, x_grid):
    random, shape = np.random.default_rng(seed), (4, 6, 5)
    codes = integers(random, shape)
    fed = {"x": real(codes, x_grid)}
    pool = {"name": "y", "inputs": ("x/int8",), "kind": "average"}
    pooled = ops.Pool2D(shape=(2, 3, 5), size=(2, 2), strides=(2, 2), **pool)
    graph = QuantGraph(
        "pool", [*rounded_input("x", shape, x_grid), pooled, rounding("r", "y", (2, 3, 5), x_grid)], ["r"]
    )
    assert_computes(graph, "AVERAGE_POOL_2D", fed, x_grid, reference.average(codes, 2, x_grid), off=0.4)
    y_grid = Grid.over(-60 * x_grid.scale, 60 * x_grid.scale)
    for keep_dims, out in ((False, (5,)), (True, (1, 1, 5))):
        whole = ops.GlobalPool(shape=out, keep_dims=keep_dims, **pool)
        graph = QuantGraph("mean", [*rounded_input("x", shape, x_grid), whole, rounding("r", "y", out, y_grid)], ["r"])
        expected = reference.mean(codes, x_grid, y_grid).reshape(SAMPLES, *out)
        assert_computes(graph, "MEAN", fed, y_grid, expected, off=0.2)


@settings(max_examples=10, deadline=None)
@given(SEEDS, GRIDS, st.sampled_from([0.01, 0.25, 0.9]))
def test_leaky_relu(seed, x_grid, slope):
    random, shape = np.random.default_rng(seed), (3, 3, 4)
    codes = integers(random, shape)
    y_grid = Grid.over(-255 * x_grid.scale * slope, 255 * x_grid.scale)
    op = ops.Activation(name="y", inputs=("x/int8",), shape=shape, kind="leaky_relu", alpha=np.float32(slope))
    graph = QuantGraph("leaky", [*rounded_input("x", shape, x_grid), op, rounding("r", "y", shape, y_grid)], ["r"])
    expected = reference.leaky_relu(codes, slope, x_grid, y_grid)
    assert_computes(graph, "LEAKY_RELU", {"x": real(codes, x_grid)}, y_grid, expected, off=0.4)


PLACE = {"inputs": ("x/int8",)}
MOVES = {
    "MAX_POOL_2D": ops.Pool2D(name="y", shape=(2, 2, 4), kind="max", size=(2, 2), strides=(2, 2), **PLACE),
    "REDUCE_MAX": ops.GlobalPool(name="y", shape=(4,), kind="max", **PLACE),
    "RESHAPE": ops.Reshape(name="y", shape=(8, 8), **PLACE),
    "SLICE": ops.Slice(name="y", shape=(2, 3, 4), begin=(1, 0, 0), strides=(1, 1, 1), **PLACE),
    "STRIDED_SLICE": ops.Slice(name="y", shape=(2, 4, 2), begin=(0, 0, 1), strides=(2, 1, 2), **PLACE),
    "PAD": ops.Pad(name="y", shape=(6, 4, 4), pads=((1, 1), (0, 0), (0, 0)), **PLACE),
    "PADV2": ops.Pad(name="y", shape=(6, 4, 4), pads=((1, 1), (0, 0), (0, 0)), value=-0.75, **PLACE),
    "CONCATENATION": ops.Concat(name="y", inputs=("x/int8", "x/int8"), shape=(4, 4, 8)),
}


@pytest.mark.parametrize("kind", MOVES)
def test_moves_of_integers_keep_their_grid(kind):
    """A layer of integers behind the move asks for them."""
    grid, move = Grid(0.125, 10), MOVES[kind]
    random = np.random.default_rng(0)
    kernel = quantized_kernel(
        Kernel(random.normal(size=(move.shape[-1], 3)).astype(np.float32), None, 32), 0.125, np.zeros(3)
    )
    out = (*move.shape[:-1], 3)
    graph = QuantGraph(
        "moves",
        [
            *rounded_input("x", (4, 4, 4), grid),
            move,
            ops.Dense(name="d", inputs=("y",), shape=out, kernel=kernel),
            rounding("d/int8", "d", out, Grid(1 / 16, 0)),
        ],
        ["d/int8"],
    )
    content = write_tflite(graph)
    operators = read_flatbuffer(content).operators
    assert [operator.outputs[0].dtype for operator in operators if operator.kind == kind] == ["int8"]
    assert operators[0].kind == "QUANTIZE"
    assert operators[-1].kind == "DEQUANTIZE"
    x = random.normal(size=(SAMPLES, 4, 4, 4)).astype(np.float32)
    expected = interpret(graph, x)["d/int8"]
    assert np.abs(Runtime(content).run(x) - expected).max() <= 1 / 16 + 1e-6
    assert np.mean(Runtime(content).run(x) != expected) < 0.02


def test_integers_that_a_binary_layer_gives_and_takes():
    """LceQuantize reads int8, LceBconv2d writes it."""
    random = np.random.default_rng(0)
    grid, sums_grid = Grid(0.05, 3), Grid(0.5, -7)
    binary = Kernel(random.choice([-1, 1], (3, 3, 32, 32)).astype(np.int8), np.ones(32, np.float32), 1)
    place = {"shape": (6, 6, 32)}
    weights = Kernel(random.normal(size=(1, 1, 32, 32)).astype(np.float32), None, 32)
    first = quantized_kernel(weights, grid.scale, np.zeros(32))
    second = quantized_kernel(weights, sums_grid.scale, np.zeros(32))
    scale = random.uniform(0.1, 1, 32).astype(np.float32)
    affine = {"mean": np.zeros(32, np.float32), "scale": scale, "bias": scale - np.float32(0.5)}
    graph = QuantGraph(
        "between",
        [
            *rounded_input("x", (6, 6, 32), grid),
            ops.Conv2D(name="a", inputs=("x/int8",), kernel=first, **place),
            rounding("a/int8", "a", (6, 6, 32), grid),
            ops.Binarize(name="s", inputs=("a/int8",), threshold=np.float32(0), **place),
            ops.Conv2D(name="b", inputs=("s",), kernel=binary, padding="same", pad_value=1.0, **place),
            ops.Affine(name="n", inputs=("b",), **affine, **place),
            rounding("b/int8", "n", (6, 6, 32), sums_grid),
            ops.Conv2D(name="c", inputs=("b/int8",), kernel=second, **place),
            rounding("c/int8", "c", (6, 6, 32), Grid(1.0, 0)),
        ],
        ["c/int8"],
    )
    content = write_tflite(graph)
    file = read_flatbuffer(content)
    kinds = {operator.kind: operator for operator in file.operators}
    assert kinds["LceQuantize"].inputs[0].dtype == "int8" and kinds["LceBconv2d"].outputs[0].dtype == "int8"
    assert file.operations == ("QUANTIZE", "CONV_2D", "LceQuantize", "LceBconv2d", "CONV_2D", "DEQUANTIZE")
    x = random.normal(size=(1, 6, 6, 32)).astype(np.float32)
    expected = interpret(graph, x)["c/int8"]
    assert np.mean(Runtime(content).run(x) != expected) < 0.02
    read = from_tflite(content)
    np.testing.assert_array_equal(interpret(read, x, read.outputs)[read.outputs[0]], expected)
    assert read_flatbuffer(write_tflite(read)).operations == file.operations


def test_a_kernel_that_is_whole_already_keeps_its_weights():
    codes = np.random.default_rng(0).choice([-1, 0, 1], (8, 4)).astype(np.int8)
    ternary = Kernel(codes, np.float32([0.5, 2, 1, 3]), 2)
    kernel = quantized_kernel(ternary, 0.1, np.zeros(4))
    np.testing.assert_array_equal(kernel.codes, codes)
    np.testing.assert_array_equal(kernel.scale, ternary.scale)


def test_a_large_bias_makes_the_weights_coarser_and_fits():
    kernel = quantized_kernel(Kernel(np.full((4, 1), 1e-6, np.float32), None, 32), 0.01, np.array([1e4]))
    steps = 1e4 / (np.float64(0.01) * kernel.scale)
    assert np.all(steps <= 2**30 * (1 + 1e-6)) and np.isfinite(kernel.values()).all()
    np.testing.assert_allclose(quantized_bias(np.array([1e4]), 0.01, kernel), [1e4], rtol=1e-6)


@given(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32))
def test_a_grid_holds_its_ends_and_zero(low, high):
    low, high = min(low, high), max(low, high)
    grid = Grid.over(low, high)
    assert -128 <= grid.zero_point <= 127 and grid.scale > 0
    lowest, highest = (-128 - grid.zero_point) * grid.scale, (127 - grid.zero_point) * grid.scale
    assert lowest <= min(low, 0) + grid.scale and highest >= max(high, 0) - grid.scale


@pytest.mark.parametrize(("scale", "zero_point", "signed"), [(2.0, 0, False), (2.0, 0, True), (1.0, 5, False)])
def test_bytes_stay_bytes_where_they_are_rounded_to_other_numbers(scale, zero_point, signed):
    codes = {"scale": scale, "zero_point": zero_point, "signed": signed}
    graph = QuantGraph(
        "bytes",
        [
            ops.Input(name="x", shape=(4,), bits=8),
            ops.UniformQuantize(name="y", inputs=("x",), shape=(4,), **codes),
        ],
        ["y"],
    )
    x = np.arange(256, dtype=np.uint8).reshape(64, 4)
    np.testing.assert_array_equal(Runtime(write_tflite(graph)).run(x), interpret(graph, x)["y"])


@pytest.mark.parametrize("signed", [False, True])
def test_integers_of_an_input_may_stand_for_negative_numbers(signed):
    """A file that takes them on a grid stays one, and a ReLU that follows is not left out."""
    zero_point = 0 if signed else 128
    graph = QuantGraph(
        "grid",
        [
            ops.Input(name="x", shape=(4,), bits=8, has_grid=True),
            ops.UniformQuantize(name="r", inputs=("x",), shape=(4,), scale=0.5, zero_point=zero_point, signed=signed),
            ops.Activation(name="y", inputs=("r",), shape=(4,), kind="relu"),
        ],
        ["y"],
    )
    codes = np.arange(256).reshape(64, 4) - (128 if signed else 0)
    expected = np.maximum((codes - zero_point) * 0.5, 0)
    for again in (write_tflite(graph), write_tflite(from_tflite(write_tflite(graph)))):
        runtime = Runtime(again)
        assert runtime.input_dtypes == ("int8" if signed else "uint8",)
        np.testing.assert_array_equal(runtime.run(codes.astype(runtime.input_dtypes[0])), expected)

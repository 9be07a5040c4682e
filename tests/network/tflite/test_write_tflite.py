"""Files written from graphs: operator by operator, what they are called, and what is refused."""

import dataclasses

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from larq_focal.deploy.runtime import Runtime
from larq_focal.network import GraphError, Kernel, QuantGraph, interpret, ops, write_tflite
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.network.tflite.read.layers import sum_thresholds
from larq_focal.network.tflite.write.operators import write
from larq_focal.network.tflite.write.packed import count_thresholds
from larq_focal.version import __version__
from tests.network.networks import chain, every_op
from tests.support.drawn_networks import drawn_inputs
from tests.support.writer_contract import assert_same, assert_written

IMAGE = (4, 5, 6)
RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.integers(-8, 9, (3, 6)).astype(np.float32) / 4
SMALLEST = np.finfo(np.float32).smallest_subnormal


def signs(*shape) -> Kernel:
    return Kernel(RANDOM.choice([-1, 1], shape).astype(np.int8), np.ones(shape[-1], np.float32), 1)


def floats(*shape) -> Kernel:
    return Kernel(RANDOM.integers(-8, 9, shape).astype(np.float32) / 4 + 0.0625, None, 32)


def one(op: type[ops.Op], shape=IMAGE, **fields) -> QuantGraph:
    """An input and one operation."""
    return chain(ops.Input(name="x", shape=IMAGE), op(name="y", shape=shape, **fields))


def activation(kind: str, alpha=None) -> QuantGraph:
    return one(ops.Activation, kind=kind, alpha=alpha)


POOL = {"size": (2, 2), "strides": (2, 2)}
ONE_TO_ONE = {
    "affine": one(ops.Affine, mean=NUMBERS[0], scale=NUMBERS[1] + 4, bias=NUMBERS[2]),
    "affine by pixel": one(
        ops.Affine, mean=np.zeros(IMAGE, "f4"), scale=np.full(IMAGE, 2, "f4"), bias=np.ones(IMAGE, "f4")
    ),
    "binarize": one(ops.Binarize, threshold=NUMBERS[0]),
    "binarize, all flipped": one(ops.Binarize, threshold=NUMBERS[0], flip=np.ones(6, bool)),
    "quantize": one(ops.Quantize, levels=np.float32([-1, 0, 3]), boundaries=np.float32([-0.5, 0.25])),
    "convolution": one(
        ops.Conv2D, (2, 3, 3), kernel=floats(3, 2, 6, 3), strides=(2, 2), padding="same", bias=NUMBERS[0, :3]
    ),
    "grouped": one(ops.Conv2D, (4, 5, 4), kernel=floats(1, 1, 3, 4), groups=2),
    "depthwise": one(ops.Conv2D, (2, 3, 12), kernel=floats(2, 2, 1, 12), groups=6, dilation=(2, 2)),
    "dense": one(ops.Dense, (4, 5, 3), kernel=floats(6, 3), bias=NUMBERS[0, :3]),
    "max-pooling": one(ops.Pool2D, (2, 3, 6), kind="max", padding="same", **POOL),
    "average pooling": one(ops.Pool2D, (2, 2, 6), kind="average", **POOL),
    "global average": one(ops.GlobalPool, (6,), kind="average"),
    "global maximum": one(ops.GlobalPool, (1, 1, 6), kind="max", keep_dims=True),
    **{kind: activation(kind) for kind in ("relu", "relu6", "relu_n1_to_1", "sigmoid", "tanh", "softmax", "abs")},
    **{kind: activation(kind) for kind in ("square", "floor")},
    "prelu": activation("prelu", NUMBERS[0]),
    "leaky_relu": activation("leaky_relu", np.float32(0.25)),
    "clip below": activation("clip", np.float32([-0.5, np.inf])),
    "clip above": activation("clip", np.float32([-np.inf, 0.5])),
    "pad": one(ops.Pad, (5, 5, 9), pads=((1, 0), (0, 0), (1, 2)), value=-0.5),
    "pad with zeros": one(ops.Pad, (4, 5, 9), pads=((0, 0), (0, 0), (1, 2))),
    "slice": one(ops.Slice, (2, 3, 6), begin=(1, 2, 0), strides=(1, 1, 1)),
    "slice by steps": one(ops.Slice, (4, 2, 3), begin=(3, 0, 1), strides=(-1, 3, 2)),
    "reshape": one(ops.Reshape, (6, 20)),
    "two levels": one(ops.Quantize, (4, 5, 6), levels=np.float32([0, 3]), boundaries=np.float32([0.5])),
}


@pytest.mark.parametrize("graph", ONE_TO_ONE.values(), ids=ONE_TO_ONE.keys())
def test_what_is_written_is_read_again_as_it_was(graph):
    assert_same(from_tflite(write_tflite(graph, packed=False)), graph)
    assert_written(graph, drawn_inputs(graph))


def binary(*after: ops.Op, padding="same", pad_value=1.0, **fields) -> QuantGraph:
    x, sign = ops.Input(name="x", shape=(5, 5, 40)), ops.Binarize(name="s", shape=(5, 5, 40), threshold=np.float32(0))
    shape = (5, 5, 6) if padding == "same" else (3, 3, 6)
    conv = ops.Conv2D(name="c", shape=shape, kernel=signs(3, 3, 40, 6), padding=padding, pad_value=pad_value, **fields)
    return chain(x, sign, conv, *(dataclasses.replace(op, shape=shape) for op in after))


SCALED = ops.Affine(name="a", shape=(), mean=np.zeros(6, "f4"), scale=NUMBERS[1] + 4, bias=NUMBERS[2])
RELU = ops.Activation(name="r", shape=(), kind="relu")
PACKED = {
    "sums": binary(),
    "multiplied": binary(SCALED),
    "rectified": binary(RELU, SCALED, padding="valid", pad_value=0.0),
    "zero padding": binary(SCALED, pad_value=0.0),
}


@pytest.mark.parametrize("graph", PACKED.values(), ids=PACKED.keys())
def test_a_binary_convolution_is_one_operator_and_is_read_again_as_it_was(graph):
    content = write_tflite(graph)
    assert read_flatbuffer(content).operations == ("LceQuantize", "LceBconv2d")
    assert_same(from_tflite(content), graph)
    assert_written(graph, drawn_inputs(graph), lce=True)


def test_packed_bits_are_handed_on_through_signs_and_pooling():
    threshold = np.float32([-np.inf, -4, 0, 2, 8, np.inf])
    sign = ops.Binarize(name="t", shape=(5, 5, 6), threshold=threshold)
    pool = ops.Pool2D(name="p", shape=(2, 2, 6), kind="max", **POOL)
    last = ops.Conv2D(name="l", shape=(2, 2, 4), kernel=signs(1, 1, 6, 4))
    graph = chain(*binary(), sign, pool, last)
    content = write_tflite(graph)
    assert read_flatbuffer(content).operations == ("LceQuantize", "LceBconv2d", "LceBMaxPool2d", "LceBconv2d")
    assert_same(from_tflite(content), graph)
    assert_written(graph, drawn_inputs(graph), lce=True)


def test_rows_of_a_table():
    table = Kernel(RANDOM.normal(size=(255, 4)).astype(np.float32), None, 32)
    graph = chain(ops.Input(name="x", shape=(3,), bits=8), ops.Embedding(name="y", shape=(3, 4), kernel=table))
    inputs = drawn_inputs(graph)
    np.testing.assert_array_equal(Runtime(write_tflite(graph)).run(inputs), table.codes[inputs["x"]])


@pytest.mark.parametrize("fan_in", [8, 9])
def test_thresholds_on_sums_and_counts_are_the_same(fan_in):
    sums = np.arange(-fan_in, fan_in + 1, 2)
    numbers = np.float32([-np.inf, -9.5, -9, -8.5, -1, 0, 0.25, 1, 2, 8, 9, 9.5, np.inf])
    for threshold in {
        *numbers,
        *np.nextafter(numbers, np.float32(-np.inf)),
        *np.nextafter(numbers, np.float32(np.inf)),
    }:
        tau = count_thresholds(threshold, fan_in, 1)
        counts = (fan_in - sums) // 2
        np.testing.assert_array_equal(counts <= tau[0], sums >= threshold, str(threshold))
        np.testing.assert_array_equal(sums >= sum_thresholds(tau, fan_in), sums >= threshold, str(threshold))


@pytest.mark.parametrize("packed", [True, False])
def test_every_operation_computes_what_it_does_in_the_graph(packed):
    graph = every_op()
    outputs = [op.name for op in graph if op.name not in ("image", "mystery", "counted", "codes", "rows")]  # row -1
    graph = QuantGraph(graph.name, [op for op in graph if not isinstance(op, ops.Unknown)], outputs)
    content, inputs = write_tflite(graph, packed=packed), drawn_inputs(graph)
    assert ("LceBconv2d" in read_flatbuffer(content).operations) == packed
    expected = interpret(graph, inputs, outputs)
    for name, actual in zip(outputs, Runtime(content).run(inputs), strict=True):
        np.testing.assert_allclose(
            actual, expected[name], rtol=0, atol=1e-5 * np.abs(expected[name]).max(), err_msg=name
        )


@pytest.mark.parametrize(
    "graph",
    [
        one(
            ops.Conv2DTranspose,
            (11, 16, 3),
            kernel=floats(3, 4, 6, 3),
            strides=(2, 3),
            dilation=(2, 1),
            bias=NUMBERS[0, :3],
        ),
        one(ops.Conv2DTranspose, (8, 10, 3), kernel=floats(3, 4, 6, 3), strides=(2, 2), padding="same"),
        one(ops.LocallyConnected2D, (2, 2, 3), kernel=floats(2, 2, 2, 3, 6, 3), strides=(2, 2), bias=NUMBERS[0, :3]),
        chain(
            ops.Input(name="x", shape=(3, 4, 5, 2)),
            ops.Conv3D(
                name="y",
                shape=(3, 2, 3, 4),
                kernel=floats(2, 3, 2, 2, 4),
                strides=(1, 2, 2),
                padding="same",
                pad_value=1.0,
            ),
        ),
        *(
            QuantGraph(
                "product",
                [
                    ops.Input(name="a", shape=(2, 3, 4)),
                    ops.Input(name="b", shape=b),
                    ops.Einsum(name="y", inputs=("a", "b"), shape=shape, equation=equation),
                ],
                ["y"],
            )
            for equation, b, shape in [
                ("nhqc,nhkc->nhqk", (2, 5, 4), (2, 3, 5)),
                ("nqhc,nkhc->nhqk", (5, 3, 4), (3, 2, 5)),
                ("nabc,nkb->nkca", (5, 3), (5, 4, 2)),
            ]
        ),
    ],
)
def test_other_layers_and_products(graph):
    inputs = drawn_inputs(graph)
    expected = interpret(graph, inputs)["y"]
    np.testing.assert_array_equal(Runtime(write_tflite(graph)).run(inputs), expected)


@pytest.mark.parametrize("op", [op for name, op in ops.OPS.items() if name != "Unknown"])
def test_every_operation_has_a_writer(op):
    assert write.dispatch(op) is not write.dispatch(ops.Op)


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("signed", [True, False])
def test_uniform_levels_are_rounded_as_the_interpreter_does(bits, signed):
    graph = one(ops.UniformQuantize, scale=0.1, zero_point=3, bits=bits, signed=signed)
    halves = (np.arange(120) - 60).reshape(1, *IMAGE).astype(np.float32) * np.float32(0.05)
    expected = interpret(graph, halves)["y"]
    assert len(np.unique(expected)) > 2
    np.testing.assert_array_equal(Runtime(write_tflite(graph)).run(halves), expected)


@pytest.mark.parametrize("count", [2, 3, 4, 16, 255])
def test_levels_that_round_take_few_operators_and_others_one_for_each_level(count):
    levels = np.arange(count, dtype=np.float32) / np.float32(count - 1)
    steps = (np.arange(count - 1, dtype=np.float32) + np.float32(0.5)) / np.float32(count - 1)
    even = one(
        ops.Quantize, levels=levels, boundaries=np.where(np.arange(count - 1) % 2, steps, np.nextafter(steps, 2))
    )
    uneven = one(ops.Quantize, levels=levels**2, boundaries=steps)
    x = np.sort(RANDOM.uniform(-0.1, 1.1, (1, 120))).astype(np.float32)
    x[:, : min(60, count - 1)] = steps[:60]
    for graph in (even, uneven):
        content = write_tflite(graph)
        x = x.reshape(1, *IMAGE)
        np.testing.assert_array_equal(Runtime(content).run(x), interpret(graph, x)["y"])
        np.testing.assert_array_equal(from_tflite(content).ops[-1].levels, graph.ops[-1].levels)
    assert len(read_flatbuffer(write_tflite(uneven)).operations) == 3 * (count - 1) - 1


def test_a_threshold_next_to_zero_is_not_taken_for_zero():
    graph = one(ops.Binarize, threshold=np.float32(SMALLEST))
    conv = ops.Conv2D(name="c", shape=(4, 5, 2), kernel=signs(1, 1, 6, 2))
    x = np.zeros((1, *IMAGE), np.float32)
    for network in (graph, chain(*graph, conv)):
        name = network.outputs[0]
        for packed in (True, False):
            actual = Runtime(write_tflite(network, packed=packed)).run(x)
            np.testing.assert_array_equal(actual, interpret(network, x)[name])


def test_inputs_and_outputs_have_the_names_and_the_order_of_the_graph():
    second, first = ops.Input(name="b2", shape=(3,)), ops.Input(name="b10", shape=(3,), bits=8)
    total = ops.Add(name="y9", inputs=("b2", "b10"), shape=(3,))
    graph = QuantGraph("sum", [second, first, total], ["y9", "b10", "y9"])
    read = read_flatbuffer(write_tflite(graph))
    assert read.input_names == ("b2", "b10")
    assert [tensor.dtype for tensor in read.inputs] == ["float32", "uint8"]
    assert read.output_names == ("y9", "b10", "y9#2")
    assert read.description == f"larq_focal {__version__}"
    batch = {"b2": np.float32([[1, 2, 3]]), "b10": np.uint8([[4, 5, 6]])}
    outputs = Runtime(write_tflite(graph, output_names=["total", "number", "again"])).run(batch)
    np.testing.assert_array_equal(outputs, [[[5, 7, 9]], [[4, 5, 6]], [[5, 7, 9]]])


def test_data_is_aligned_and_written_once():
    graph = binary(SCALED)
    twice = dataclasses.replace(graph["c"], name="again", inputs=("s",))
    both = QuantGraph("both", [*graph, twice], [*graph.outputs, "again"])
    contents = write_tflite(graph), write_tflite(both)
    assert len(contents[1]) - len(contents[0]) < graph["c"].kernel.packed().nbytes
    model = schema.Model.GetRootAs(contents[0])
    for index in range(model.BuffersLength()):
        data = model.Buffers(index).DataAsNumpy()
        if not isinstance(data, int):
            start = (
                data.__array_interface__["data"][0]
                - np.frombuffer(contents[0], np.uint8).__array_interface__["data"][0]
            )
            assert start % 16 == 0


class TestRefusals:
    def test_what_is_not_understood(self):
        with pytest.raises(GraphError, match=r"'every operation' cannot be written .*'mystery' \(Mystery\)"):
            write_tflite(every_op())

    @pytest.mark.parametrize(
        "graph",
        [
            one(ops.Activation, (4, 5, 7), kind="relu"),
            one(ops.Reshape, (7,)),
            one(ops.Pool2D, (2, 2, 6), kind="max", size=(9, 9), strides=(1, 1)),
            one(ops.Affine, mean=NUMBERS[0, :5], scale=NUMBERS[0, :5], bias=NUMBERS[0, :5]),
            one(ops.Conv2D, (4, 5, 4), kernel=floats(1, 1, 6, 4), bias=NUMBERS[0]),
            one(ops.Slice, (2, 3, 6), begin=(3, 2, 0), strides=(1, 1, 1)),
            one(ops.Activation, kind="nothing"),
        ],
        ids=["shape", "reshape", "pool", "affine", "bias", "slice", "activation"],
    )
    @pytest.mark.parametrize("packed", [True, False])
    def test_graphs_that_contradict_themselves(self, graph, packed):
        with pytest.raises(GraphError, match="'y'"):
            write_tflite(graph, packed=packed)

"""A graph refuses what contradicts itself, and tells the bits of every value."""

import numpy as np
import pytest

from larq_focal.network import GraphError, Kernel, QuantGraph, ops
from tests.network.networks import chain, every_op

IMAGE = ops.Input(name="image", shape=(4, 4, 8))
SIGN = ops.Binarize(name="sign", inputs=("image",), shape=(4, 4, 8), threshold=np.float32(0))


def convolution(depth=8, out=5, **fields):
    kernel = Kernel.from_values(np.ones((3, 3, depth, out), np.float32))
    fields = {"name": "conv", "inputs": ("sign",), "shape": (4, 4, 5), "padding": "same"} | fields
    return ops.Conv2D(kernel=kernel, **fields)


def test_values_are_found_by_name():
    graph = every_op()
    assert graph["conv"].origin == "block/conv"
    assert "conv" in graph
    assert "nothing" not in graph
    assert [op.name for op in graph.layers] == ["conv", "dense"]
    assert [op.name for op in graph.inputs] == ["image"]
    assert [op.name for op in graph.other_layers] == ["transposed", "conv3d", "local"]
    assert [op.name for op in graph.unknown] == ["mystery", "counted"]
    assert [op.name for op in graph.uncounted] == ["mystery"]
    assert [op.name for op in graph.consumers("norm")] == ["sign", "add"]
    assert len(graph) == len(list(graph)) == len(graph.ops)


@pytest.mark.parametrize(
    ("value", "bits"),
    [("image", 8), ("norm", 32), ("sign", 1), ("conv", 32), ("steps", 2), ("int8", 8), ("concat", 8), ("mean", 32)],
)
def test_bits_of_values(value, bits):
    assert every_op().bits(value) == bits


def test_what_moves_signs_keeps_them_binary():
    flat = ops.Reshape(name="flat", shape=(128,))
    pool = ops.Pool2D(name="pool", shape=(4, 4, 8), kind="max", size=(2, 2), strides=(1, 1), padding="same")
    assert chain(IMAGE, SIGN, pool, flat).bits("flat") == 1


@pytest.mark.parametrize(("value", "bits"), [(1.0, 1), (-1.0, 1), (0.0, 2)])
def test_padding_signs_with_zeros_makes_them_ternary(value, bits):
    pad = ops.Pad(name="pad", shape=(6, 6, 8), pads=((1, 1), (1, 1), (0, 0)), value=value)
    assert chain(IMAGE, SIGN, pad).bits("pad") == bits


def test_a_layer_is_binary_by_its_values():
    graph = QuantGraph("g", [IMAGE, SIGN, convolution(), convolution(name="float", inputs=("image",))], ["conv"])
    assert graph.is_binary(graph["conv"])
    assert not graph.is_binary(graph["float"])
    assert not graph["conv"].intended_binary


def test_multiply_accumulates_count_groups_once():
    depthwise = convolution(depth=1, out=8, shape=(4, 4, 8), groups=8)
    assert convolution().macs == 4 * 4 * 5 * 9 * 8
    assert depthwise.macs == 4 * 4 * 8 * 9
    assert depthwise.is_depthwise


@pytest.mark.parametrize(
    ("operations", "outputs", "message"),
    [
        ([IMAGE, IMAGE], [], "Two operations are named 'image'"),
        ([SIGN, IMAGE], [], "'sign' reads 'image', which no earlier operation produces"),
        ([IMAGE], ["logits"], "output 'logits' is not produced"),
        ([IMAGE, SIGN, convolution(depth=4)], [], "'conv' has a kernel .* does not map 8 channels to 5"),
        ([IMAGE, SIGN, convolution(out=6)], [], "'conv' has a kernel .* does not map 8 channels to 5"),
        ([IMAGE, SIGN, convolution(depth=4, groups=2)], [], "5 output channels, which do not divide into 2 groups"),
    ],
)
def test_contradictions_are_refused(operations, outputs, message):
    with pytest.raises(GraphError, match=message):
        QuantGraph("g", operations, outputs)


def test_rewriting_keeps_name_and_outputs():
    graph = every_op()
    same = graph.rewritten(graph.ops)
    assert (same.name, same.outputs) == (graph.name, graph.outputs)
    assert graph.rewritten(graph.ops, ["norm"]).outputs == ("norm",)


def test_operations_that_contradict_their_inputs_are_named():
    image = ops.Input(name="image", shape=(4, 4, 2))
    one = Kernel.from_values(np.ones((3, 3, 2, 2, 2, 2), np.float32))
    wrong = {
        "computes 'na,nb->nab'": ops.Einsum(name="x", inputs=("image", "image"), shape=(4, 4), equation="na,nb->nab"),
        "computes 'sum'": ops.Einsum(name="x", inputs=("image", "image"), shape=(4, 4, 2), equation="sum"),
        r"has kernels for \(3, 3\) pixels": ops.LocallyConnected2D(
            name="x", inputs=("image",), shape=(2, 2, 2), kernel=one
        ),
        "which does not map 2 channels": ops.Conv2DTranspose(
            name="x", inputs=("image",), shape=(6, 6, 2), kernel=Kernel.from_values(np.ones((3, 3, 4, 2), np.float32))
        ),
        "which do not divide into 2 groups": ops.Conv3D(
            name="x",
            inputs=("image",),
            shape=(6, 6, 3),
            kernel=Kernel.from_values(np.ones((1, 1, 1, 1, 3), np.float32)),
            groups=2,
        ),
        "looks up": ops.Embedding(
            name="x", inputs=("image",), shape=(4, 4), kernel=Kernel(np.ones((3, 2), np.float32), None, 32)
        ),
    }
    for message, op in wrong.items():
        with pytest.raises(GraphError, match=f"'x' .*{message}"):
            QuantGraph("net", [image, op], ["x"])

"""Weights of few bits after training: the kernels, the network, and what they become in a file."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal import compress
from larq_focal.deploy.convert import convert
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.compress.networks import float_kernel, network


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100), bits=st.integers(2, 8))
def test_of_two_sets_of_levels_the_better_one_is_taken(seed, bits):
    kernel = float_kernel(20, 3, seed=seed)
    known = [True] if bits == 8 else [True, False]
    errors = [
        float(np.square(compress.quantize_kernel(kernel, bits, has_zero=each).values() - kernel.values()).sum())
        for each in known
    ]
    quantized = compress.quantize_kernel(kernel, bits)
    assert np.square(quantized.values() - kernel.values()).sum() == pytest.approx(min(errors), rel=1e-5)
    assert len(np.unique(quantized.codes)) <= 2**bits
    assert np.abs(quantized.codes).max() <= 127
    assert (quantized.bits, quantized.stored_scales) == (bits, 3)


def test_one_bit_is_the_sign_times_the_mean_magnitude():
    kernel = float_kernel(30, 4)
    quantized = compress.quantize_kernel(kernel, 1)
    assert quantized.is_binary
    np.testing.assert_allclose(quantized.scale, np.abs(kernel.codes).mean(0), rtol=1e-6)
    np.testing.assert_array_equal(quantized.codes, np.sign(kernel.codes))


def test_a_channel_of_zeros_stays_zero():
    values = np.array(float_kernel(30, 4).codes)
    values[:, 2] = 0
    assert not compress.quantize_kernel(Kernel(values, None, 32), 2).values()[:, 2].any()


def test_error_falls_with_the_bits():
    kernel = float_kernel(3, 3, 16, 16)
    errors = [np.square(compress.quantize_kernel(kernel, b).values() - kernel.values()).sum() for b in range(1, 9)]
    assert all(more > 2 * fewer for more, fewer in pairwise(errors))


@pytest.mark.parametrize(
    ("bits", "has_zero", "message"),
    [
        (0, None, "1 to 8 bits, not 0"),
        (9, None, "1 to 8 bits, not 9"),
        (1, True, "1 bits do not have 0"),
        (8, False, "8 bits have 0"),
    ],
)
def test_refuses_widths_and_levels_that_there_are_not(bits, has_zero, message):
    with pytest.raises(ValueError, match=message):
        compress.quantize_kernel(float_kernel(4, 2), bits, has_zero=has_zero)


def test_weights_that_are_not_finite_are_refused_by_the_name_of_their_layer():
    broken = Kernel(np.float32([[np.nan]]), None, 32)
    place = {"name": "dense", "inputs": ("x",), "shape": (1,)}
    graph = QuantGraph("broken", [ops.Input(name="x", shape=(1,)), ops.Dense(**place, kernel=broken)], ["dense"])
    with pytest.raises(ValueError, match="'dense' of 'broken': The weights hold a number that is not finite"):
        compress.quantize_weights(graph, 4)


@pytest.mark.parametrize("options", [{"bits": {"conv": 4}}, {"bits": 4, "keep": ["conv"]}])
def test_a_layer_that_is_not_there_is_refused_with_those_that_are(options):
    with pytest.raises(ValueError, match="'small' has no layer 'conv'; its layers are 'stem', 'first', 'second'"):
        compress.quantize_weights(network(), **options)


def test_only_what_is_asked_for_changes():
    graph = network()
    quantized = compress.quantize_weights(graph, {"first": 4, "dense": 3}, keep=["dense"])
    changed = {op.name for op in graph if quantized.graph[op.name] is not op}
    assert changed == {"first"}
    assert [layer.bits for layer in quantized.layers] == [32, 4, 32, 32, 32, 2]
    assert "1 of 6 layers" in quantized.headline


def test_layers_that_take_no_fewer_bytes_get_8_bits_unless_asked():
    """The stem has 3 channels, of which a word holds 32; the depthwise layer and the small one are kept as int8."""
    graph = network()
    bits = {
        each: [layer.bits for layer in compress.quantize_weights(graph, 3, everywhere=each).layers] for each in (0, 1)
    }
    assert bits == {0: [8, 3, 3, 8, 3, 2], 1: [3, 3, 3, 3, 3, 2]}
    named = compress.quantize_weights(graph, 3, layers={"each": 4})
    assert [layer.bits for layer in named.layers] == [8, 3, 3, 4, 3, 2]
    for levels in ({"has_zero": False}, {"scheme": "powers of two"}):
        assert [layer.bits for layer in compress.quantize_weights(graph, 3, **levels).layers] == [8, 3, 3, 8, 3, 2]
    only = compress.quantize_weights(graph, None, layers={"each": 4})
    assert [layer.bits for layer in only.layers] == [32, 32, 32, 4, 32, 2]


def test_layers_that_share_weights_share_those_of_few_bits_and_few_bits_stay():
    graph = compress.quantize_weights(network(), 4).graph
    assert graph["first"].kernel is graph["second"].kernel
    np.testing.assert_array_equal(graph["last"].kernel.codes, network()["last"].kernel.codes)
    assert graph["last"].kernel.bits == 2


def test_the_file_holds_what_was_told(tmp_path):
    """Forms and bytes of the weights, layer by layer, by the audit; and the file computes what the graph does."""
    samples = np.random.default_rng(0).normal(size=(16, 6, 6, 3)).astype(np.float32)
    for bits in (8, 3, 1):
        quantized = compress.quantize_weights(network(), bits, everywhere=bits == 3)
        path = tmp_path / f"{bits}.tflite"
        audit = convert(quantized.graph, path, rest="int8", representative=samples).audit
        assert audit.passed
        told = {layer.name: (layer.stored.split()[0], layer.bytes) for layer in quantized.layers}
        found = {row.layer: (row.became, row.bytes) for row in audit.layers}
        assert {name: told[name] for name in found} == found  # shared weights are one row of the audit
        assert told["dense"][0] == ("int8" if bits == 8 else "packed")
        assert read_flatbuffer(path).file_bytes > quantized.weight_bytes / 2
        kept = interpret(quantized.graph, samples, ["last"])["last"]
        assert audit.int8.relative_difference < 0.05
        assert np.isfinite(kept).all()


def test_the_table_and_the_record_tell_the_same():
    quantized = compress.quantize_weights(network(), 4)
    record = json.loads(json.dumps(quantized.to_dict()))
    text = str(quantized)
    assert [layer["name"] for layer in record["layers"]] == ["stem", "first", "second", "each", "dense", "last"]
    assert all(layer["name"] in text for layer in record["layers"])
    assert "packed (LqfFullyConnected)" in text and "float to 4" in text
    assert record["weight_bytes"] == sum(layer["bytes"] for layer in record["layers"])


def test_binary_layers_are_told_as_the_file_has_them(tmp_path):
    """Padded with ones, which no operator of int8 does."""
    random = np.random.default_rng(0)
    signs = Kernel(random.choice(np.int8([-1, 1]), (3, 3, 40, 32)), np.ones(32, np.float32), 1)
    place = {"shape": (6, 6, 32), "padding": "same"}
    graph = QuantGraph(
        "binary",
        [
            ops.Input(name="image", shape=(6, 6, 40)),
            ops.Binarize(name="signs", inputs=("image",), shape=(6, 6, 40), threshold=np.float32(0)),
            ops.Conv2D(name="conv", inputs=("signs",), kernel=signs, pad_value=1, **place),
            ops.Conv2D(name="float", inputs=("conv",), kernel=float_kernel(3, 3, 32, 32), **place),
        ],
        ["float"],
    )
    quantized = compress.quantize_weights(graph, 4)
    samples = random.normal(size=(4, 6, 6, 40)).astype(np.float32)
    audit = convert(quantized.graph, tmp_path / "f.tflite", rest="int8", representative=samples).audit
    told = [(layer.name, layer.stored.split()[0], layer.bytes) for layer in quantized.layers]
    assert told == [(row.layer, row.became, row.bytes) for row in audit.layers]
    assert quantized.layers[0].stored == "packed (LceBconv2d)"

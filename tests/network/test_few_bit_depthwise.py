"""Depthwise convolutions with weights of few bits, from a graph to a file and back."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.deploy.convert import convert
from larq_focal.deploy.profile import profile_operations
from larq_focal.deploy.runtime import Runtime
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from larq_focal.network.tflite.flatbuffer import FlatbufferError, read_flatbuffer
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.network.tflite.soundness import check_sound

LEVELS = {1: [-1, 1], 2: [-1, 0, 1], 3: range(-4, 4), 4: range(-8, 8)}
SHAPE = (9, 7, 64)


def network(bits: int, multiplier: int = 1, map_levels: int | None = None) -> QuantGraph:
    """A depthwise convolution of stride 2 on a map of floats, or of some levels, and a ReLU behind it."""
    rng = np.random.default_rng(bits)
    channels = SHAPE[-1] * multiplier
    codes = rng.choice(list(LEVELS[bits]), (3, 3, 1, channels)).astype(np.int8)
    scale = rng.uniform(0.1, 0.2, channels).astype(np.float32)
    made = [ops.Input(name="image", shape=SHAPE)]
    if map_levels:
        steps = np.arange(map_levels, dtype=np.float32) / 4
        levels = {"levels": steps, "boundaries": steps[1:] - np.float32(0.125)}
        made.append(ops.Quantize(name="map", inputs=("image",), shape=SHAPE, **levels))
    made += [
        ops.Conv2D(
            name="layer",
            inputs=(made[-1].name,),
            shape=(5, 4, channels),
            kernel=Kernel(codes, scale, bits, channels),
            bias=rng.normal(size=channels).astype(np.float32),
            strides=(2, 2),
            padding="same",
            groups=SHAPE[-1],
        ),
        ops.Activation(name="relu", inputs=("layer",), shape=(5, 4, channels), kind="relu"),
    ]
    return QuantGraph("depthwise", made, ["relu"])


def images(count: int = 12) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 3, (count, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize(("bits", "multiplier"), [(1, 1), (2, 2), (3, 1), (4, 2)])
def test_they_stay_of_few_bits_in_a_file_of_int8(bits, multiplier, tmp_path):
    path, graph = tmp_path / "network.tflite", network(bits, multiplier)
    audit = convert(graph, path, rest="int8", representative=images()).audit
    (row,) = audit.layers
    assert audit.passed and row.became == "packed"
    assert row.operation == f"LqfDepthwiseConv2d ({bits} x 8 bits)"
    assert row.bytes == 9 * 8 * bits * multiplier  # a bit of 64 channels is 8 bytes
    read = from_tflite(path)
    (layer,) = read.layers
    np.testing.assert_array_equal(layer.kernel.codes, graph["layer"].kernel.codes)
    assert layer.is_depthwise and layer.kernel.bits == bits
    outputs, expected = Runtime(path).run(images()), list(interpret(read, images()).values())[-1]
    assert np.abs(outputs - expected).max() < 1.01 * read[read.outputs[0]].scale
    assert len(np.unique(outputs)) > 10


@pytest.mark.parametrize("rest", ["float", "int8"])
@pytest.mark.parametrize(("map_levels", "map_bits"), [(16, 4), (4, 2), (2, 1)])
def test_they_are_exact_on_maps_of_few_levels(map_levels, map_bits, rest, tmp_path):
    path, graph = tmp_path / "network.tflite", network(2, map_levels=map_levels)
    audit = convert(graph, path, rest=rest, representative=images() if rest == "int8" else None).audit
    assert [row.operation for row in audit.layers] == [f"LqfDepthwiseConv2d (2 x {map_bits} bits)"]
    outputs = Runtime(path).run(images())
    np.testing.assert_allclose(outputs, interpret(graph, images())["relu"], rtol=1e-6, atol=1e-6)


def test_a_profile_names_the_widths(tmp_path):
    path = tmp_path / "network.tflite"
    convert(network(4), path, rest="int8", representative=images())
    operations = profile_operations(Runtime(path)).operations
    assert [op.arithmetic for op in operations if op.kind == "LqfDepthwiseConv2d"] == ["4 x 8 bits"]


@pytest.mark.parametrize(("old", "new"), [(b"depth_multiplier", b"depth_multiplies"), (b"channels_in", b"channels_im")])
def test_a_file_without_an_option_is_damaged(old, new, tmp_path):
    path = tmp_path / "network.tflite"
    convert(network(2), path, rest="int8", representative=images())
    with pytest.raises(FlatbufferError, match=f"has the option {old.decode()} missing"):
        check_sound(read_flatbuffer(path.read_bytes().replace(old, new)))

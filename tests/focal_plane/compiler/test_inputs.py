"""What pixels see: thresholds on light, with the errors that 7 bits make counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler import compile_network
from larq_focal.focal_plane.compiler.input_stage.inputs import LightInput, PlaneInput
from larq_focal.network import QuantGraph, interpret, ops
from tests.focal_plane.compiler.random_layers import small
from tests.focal_plane.graphs import conv, sign


def network(thresholds, flip=None, channels: int = 1, *before: ops.Op) -> QuantGraph:
    """Grey levels from 0 to 255, compared with thresholds of each channel, and a convolution behind."""
    image = ops.Input(name="image", shape=(6, 6, channels))
    count = len(thresholds)
    copies = ops.Concat(name="copies", inputs=("image",) * (count // channels), shape=(6, 6, count))
    bits = ops.Binarize(
        name="bits",
        inputs=("copies",),
        shape=(6, 6, count),
        threshold=np.array(thresholds, np.float32),
        flip=None if flip is None else np.array(flip),
    )
    layer = conv("conv", bits, 3, padding="valid", shape=(4, 4, 3))
    return QuantGraph("pixels", [image, copies, bits, layer, sign("sign", layer)], ["sign"])


def simulated(graph: QuantGraph, images: np.ndarray):
    compiled = compile_network(graph, small("scamp5"), pixel_range=(0, 255))
    return compiled.array.inputs[0], compiled.run(images)["sign"]


@settings(max_examples=12)
@given(st.lists(st.integers(0, 128), min_size=1, max_size=5), st.data())
def test_even_thresholds_are_exact(halves, data):
    flip = data.draw(st.lists(st.booleans(), min_size=len(halves), max_size=len(halves)))
    # A flipped channel is 1 up to its threshold, and so changes one grey level later.
    thresholds = [2 * half - flips for half, flips in zip(halves, flip, strict=True)]
    graph = network(thresholds, flip)
    images = np.random.default_rng(len(halves)).integers(0, 256, (2, 6, 6, 1)).astype(np.float32)
    source, values = simulated(graph, images)
    assert isinstance(source, LightInput) and source.inexact == 0
    np.testing.assert_array_equal(values, interpret(graph, images)["sign"])


def test_odd_thresholds_take_one_grey_level_to_the_other_side():
    graph = network([101])
    images = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 1)).astype(np.float32)
    source, values = simulated(graph, images)
    assert source.inexact == 1
    seen = np.where(images == 101, 100, images)  # as the pixel sees it
    np.testing.assert_array_equal(values, interpret(graph, seen)["sign"])


@pytest.mark.parametrize("channels", [2, 3])
def test_colours_are_loaded(channels):
    graph = network([100.0] * channels, None, channels)
    images = np.random.default_rng(0).integers(0, 256, (1, 6, 6, channels)).astype(np.float32)
    source, values = simulated(graph, images)
    assert isinstance(source, PlaneInput)
    np.testing.assert_array_equal(values, interpret(graph, images)["sign"])


def test_what_depends_on_neighbours_is_loaded():
    image = ops.Input(name="image", shape=(6, 6, 1))
    shifted = ops.Slice(name="below", inputs=("image",), shape=(5, 6, 1), begin=(1, 0, 0), strides=(1, 1, 1))
    bits = sign("bits", shifted, 100.0)
    layer = conv("conv", bits, 2)
    graph = QuantGraph("gradient", [image, shifted, bits, layer, sign("sign", layer)], ["sign"])
    images = np.random.default_rng(0).integers(0, 256, (1, 6, 6, 1)).astype(np.float32)
    source, values = simulated(graph, images)
    assert isinstance(source, PlaneInput)
    np.testing.assert_array_equal(values, interpret(graph, images)["sign"])


def test_light_is_looked_at_more_than_once():
    image = ops.Input(name="image", shape=(6, 6, 1))
    dark, bright = sign("dark", image, 60.0), sign("bright", image, 180.0)
    both = ops.Concat(name="both", inputs=("dark", "bright"), shape=(6, 6, 2))
    layer = conv("conv", both, 2)
    graph = QuantGraph("twice", [image, dark, bright, both, layer, sign("sign", layer)], ["sign"])
    images = np.random.default_rng(0).integers(0, 256, (1, 6, 6, 1)).astype(np.float32)
    _, values = simulated(graph, images)
    np.testing.assert_array_equal(values, interpret(graph, images)["sign"])

"""Signals that are laid out as maps, and inputs of other sizes: the largest map decides where all lie."""

from __future__ import annotations

import numpy as np
import pytest

from larq_focal.focal_plane.compiler import UnsupportedError, compile_network
from larq_focal.focal_plane.compiler.placement.pitch import base_pitch, largest_map
from larq_focal.network import QuantGraph, interpret, ops
from tests.focal_plane.compiler.random_layers import small
from tests.focal_plane.graphs import chain, conv, dense, sign

SENSOR = small("scamp5")


def signal_network(length: int, maps: int = 5, units: int = 3) -> QuantGraph:
    """A signal of two channels as one row, a convolution along it, and a dense layer, whose scores are a map again."""
    signal = ops.Input(name="signal", shape=(length, 2))
    row = ops.Reshape(name="row", inputs=("signal",), shape=(1, length, 2))
    bits = sign("bits", row)
    layer = conv("conv", bits, maps, shape=(1, length, maps), pad_value=0.0)
    layer.kernel.codes[:] = np.random.default_rng(0).choice([-1, 1], layer.kernel.codes.shape)
    last = sign("sign", layer)
    scores = dense("scores", last, units)
    return chain("signal", signal, row, bits, layer, last, *scores)


@pytest.mark.parametrize("length", [8, 40, 64])
@pytest.mark.parametrize("placement", ["interleaved", "tiled"])
def test_a_signal_lies_on_the_array_whole(length, placement):
    graph = signal_network(length)
    signals = np.random.default_rng(1).uniform(-1, 1, (2, length, 2)).astype(np.float32)
    if placement == "interleaved":
        assert base_pitch(graph, SENSOR) * length <= SENSOR.width
    found = compile_network(graph, SENSOR, placement=placement).run(signals)["scores"]
    np.testing.assert_allclose(found, interpret(graph, signals, ["scores"])["scores"], rtol=1e-5)


def test_a_signal_longer_than_the_array_is_refused():
    with pytest.raises(UnsupportedError, match="1x65 pixels, and the array of scamp5 has 64x64"):
        compile_network(signal_network(65), SENSOR)


def test_maps_behind_the_array_do_not_count():
    graph = signal_network(8)
    wide = ops.Reshape(name="wide", inputs=("scores",), shape=(1, 300, 1))
    scores = dense("scores", graph["sign"], 300)
    assert largest_map(chain("wide", *[*graph][:5], *scores, wide)) == (1, 8)


def test_inputs_of_other_sizes_than_the_first():
    """The second input is four times as wide as the first."""
    near, far = ops.Input(name="near", shape=(4, 4, 1)), ops.Input(name="far", shape=(16, 16, 1))
    signs = [sign("n", near), sign("f", far)]
    layer = conv("conv", signs[1], 9)
    last = sign("sign", layer)
    graph = QuantGraph("two sizes", [near, far, *signs, layer, last], ["n", "sign"])
    rng = np.random.default_rng(2)
    images = {op.name: rng.uniform(-1, 1, (2, *op.shape)).astype(np.float32) for op in graph.inputs}
    expected = interpret(graph, images, graph.outputs)
    for name, value in compile_network(graph, SENSOR).run(images).items():
        np.testing.assert_array_equal(value, expected[name])

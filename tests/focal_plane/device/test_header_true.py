"""Drawn networks, compiled for every sensor, on a machine that follows the maker's headers alone."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import sensor_names
from larq_focal.focal_plane.compiler import RegisterError, StoreError, UnsupportedError, compile_network
from larq_focal.focal_plane.sensor import load_sensor
from tests.focal_plane.compiler.random_layers import Draw, drawn, images, network, small
from tests.focal_plane.compiler.test_dense import classifier
from tests.focal_plane.device.header_true import assert_equals_interpreter, run_by_headers

DRAWS = range(12)  # ``benchmarks/header_true.py`` draws 200, each for every sensor


@pytest.mark.parametrize(("seed", "sensor"), list(zip(DRAWS, itertools.cycle(sensor_names()), strict=False)))
def test_drawn_networks_equal_the_interpreter_at_every_pixel(seed, sensor):
    graph = network(drawn(seed))
    try:
        compiled = compile_network(graph, small(sensor), placement="interleaved")
    except (RegisterError, StoreError):
        pytest.skip("does not fit")
    assert_equals_interpreter(compiled, graph, images(graph, 1), seed)


@pytest.mark.parametrize("weights", ["patterns", "packed", "analog"])
def test_tiles_equal_the_interpreter_wherever_weights_come_from(weights):
    graph = network(Draw(height=14, width=14, out_channels=5, padding="same"))
    try:
        compiled = compile_network(graph, small("scamp5"), placement="tiled", weights=weights)
    except UnsupportedError:
        pytest.skip("no tiles")
    assert_equals_interpreter(compiled, graph, images(graph, 2))


@pytest.mark.parametrize("option", ["analog", "controller"])
def test_spilled_planes_come_back(option):
    sensor = small("scamp5")
    if option == "controller":
        sensor = replace(sensor, analog=replace(sensor.analog, storage=(), port=(), maximum=None))
    graph = network(Draw(in_channels=16, out_channels=2, height=5, width=5, seed=2))
    compiled = compile_network(graph, sensor, spill=option, placement="interleaved")
    assert compiled.allocation.spills_to == (option,)
    assert_equals_interpreter(compiled, graph, images(graph, 1))


def test_dense_layers_by_events_are_exact():
    graph = classifier(Draw(out_channels=3), [-1, 0, 1])
    compiled = compile_network(graph, small("scamp5"), dense_on_array="events")
    assert compiled.array.scores[0].largest_error == 0
    assert_equals_interpreter(compiled, graph, images(graph, 2))


def test_dense_layers_by_estimates_are_off_by_no_more_than_told():
    from larq_focal.network import interpret

    graph = classifier(Draw(out_channels=3), [-1, 1])
    compiled = compile_network(graph, load_sensor("scamp5"), dense_on_array="estimates", placement="interleaved")
    (scores,) = compiled.array.scores
    inputs = images(graph, 2)
    expected = interpret(graph, inputs, ["dense"])["dense"] / graph["dense"].kernel.scale
    found = run_by_headers(compiled, inputs)["dense"] / graph["dense"].kernel.scale
    assert 0 < np.abs(found - expected).max() <= scores.largest_error


def test_the_grey_levels_of_light_are_told_apart_whatever_the_reset_level():
    graph = network(Draw(height=16, width=16, kernel_size=1, out_channels=2))
    compiled = compile_network(graph, small("scamp5"), pixel_range=(-1, 1), placement="interleaved")
    assert compiled.array.inputs[0].sees_light
    rng = np.random.default_rng(0)
    assert_equals_interpreter(compiled, graph, rng.choice([-0.02, 0.02, -1, 1], (2, 16, 16, 1)).astype(np.float32))


def test_columns_that_count_from_the_left_would_be_wrong_on_the_chip():
    """The machine of the headers tells the two conventions apart."""
    graph = network(Draw(height=9, width=9, out_channels=7, padding="same"))
    sensor = small("scamp5")
    other = replace(sensor, conventions=replace(sensor.conventions, columns_from="left"))
    compiled = compile_network(graph, other, placement="interleaved")
    with pytest.raises(AssertionError):
        assert_equals_interpreter(compiled, graph, images(graph, 1))

"""Planes that move to analog registers between analog writes that FLAG masks: neither changes what the other means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from larq_focal.focal_plane.compiler import Code, RegisterError, build, compile_network
from larq_focal.focal_plane.machine import Simulator
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network import Kernel, QuantGraph, interpret, ops
from tests.focal_plane.compiler.random_layers import Draw, images, network
from tests.focal_plane.compiler.test_spills import tight

SIDE = 16
MOST_LIVE = 14
STEPS = ("load", "count", "mark", "compare", "invert", "read")


def sensor_of(free: int, analog: int) -> Sensor:
    """Few registers, 16x16 pixels, and a store without a limit."""
    return replace(tight(free, analog), height=SIDE, width=SIDE, code_store_icw=None, calibrations=())


class Crowd:
    """Planes that mask writes to A and B, come from their signs, and live on; beside them what they must hold."""

    def __init__(self, sensor: Sensor):
        self.code = Code(sensor)
        self.inputs: dict[str, np.ndarray] = {}
        self.expected: dict[str, np.ndarray] = {}
        self.live: list[tuple] = []  # planes, and their bits
        self._rng = np.random.default_rng(0)
        self._charges = {name: np.zeros((SIDE, SIDE), int) for name in "AB"}
        for name in self._charges:
            self.code.emit("res", name)

    def load(self, number: int) -> None:
        name = f"input{len(self.inputs)}"
        self.inputs[name] = self._rng.random((SIDE, SIDE)) < 0.5
        self.live.append((self.code.loaded("load_plane", name), self.inputs[name]))

    def count(self, number: int) -> None:
        """A changes by one where a plane is 1."""
        plane, bits = self._picked(number)
        step = 1 if number % 2 else -1
        self._masked(plane, step, "add", "A", "A")
        self._charges["A"] = self._charges["A"] + step * bits

    def mark(self, number: int) -> None:
        """B becomes positive where a plane is 1, and 0 elsewhere."""
        plane, bits = self._picked(number)
        self.code.emit("res", "B")
        self._masked(plane, -20, "bus", "B")
        self._charges["B"] = 20 * bits

    def compare(self, number: int) -> None:
        name, result = "AB"[number % 2], self.code.sensor.digital.flag
        self.code.emit("where", name)
        self.live.append((self.code.either(*result), self._charges[name] > 0))
        self.code.emit("ALL")

    def invert(self, number: int) -> None:
        """In place."""
        plane, bits = self._picked(number)
        self.code.emit("NOT", plane)
        self.live[number % len(self.live)] = plane, ~bits

    def read(self, number: int) -> None:
        """The last use of a plane."""
        plane, bits = self._picked(number)
        name = f"value{len(self.expected)}"
        self.code.call("read_plane", plane, result=name)
        self.expected[name] = bits
        self.live.pop(number % len(self.live))

    def _picked(self, number: int) -> tuple:
        return self.live[number % len(self.live)]

    def _masked(self, plane, level: int, *instruction: str) -> None:
        self.code.emit("WHERE", plane)
        self.code.call("load_in", level)
        self.code.emit(*instruction, "IN")
        self.code.emit("ALL")


@pytest.mark.parametrize("analog", [4, 6])
@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2 * MOST_LIVE)), min_size=30, max_size=60))
def test_planes_and_charges_keep_their_values(analog, steps):
    """Places are taken by one plane after another, so that what an earlier one left would show."""
    sensor = sensor_of(free=3, analog=analog)
    crowd = Crowd(sensor)
    for kind, number in steps:
        if not crowd.live:
            crowd.load(number)
        elif len(crowd.live) == MOST_LIVE:
            crowd.read(number)
        getattr(crowd, kind)(number)
    while crowd.live:
        crowd.read(0)
    try:
        built = build(crowd.code, spill="controller")
    except RegisterError:  # too many planes are in use within a few statements
        reject()
    results = Simulator(sensor).run(built.program, crowd.inputs).results
    for name, value in crowd.expected.items():
        np.testing.assert_array_equal(results[name][0], value, name)


def two_layers(side: int, channels: tuple[int, int, int], is_ternary: bool, seed: int) -> QuantGraph:
    """Two layers 3x3, whose maps take several planes of 16x16 pixels."""
    rng = np.random.default_rng(seed)
    inside, middle, outside = channels
    draw = Draw(height=side, width=side, in_channels=inside, out_channels=middle, padding="same", seed=seed)
    first = network(replace(draw, is_ternary=is_ternary))
    size, shape = (3, 3, middle, outside), (side, side, outside)
    codes = rng.integers(-1, 2, size) if is_ternary else rng.choice([-1, 1], size)
    kernel = Kernel(codes.astype(np.int8), np.ones(outside, np.float32), 2 if is_ternary else 1)
    conv = ops.Conv2D(name="second", inputs=first.outputs, shape=shape, kernel=kernel, padding="same", pad_value=1.0)
    threshold = rng.integers(-5, 6, outside) + np.float32(0.5)
    last = ops.Binarize(name="last", inputs=("second",), shape=shape, threshold=threshold.astype(np.float32))
    return first.rewritten([*first, conv, last], outputs=("last",))


@settings(max_examples=3)
@given(
    st.sampled_from([5, 8]),
    st.tuples(st.integers(1, 2), st.integers(2, 5), st.integers(2, 5)),
    st.booleans(),
    st.sampled_from(["packed", "analog"]),
    st.integers(0, 2**32 - 1),
)
@example(8, (2, 3, 5), True, "packed", 3)
def test_tiled_layers_that_charges_count_may_spill(side, channels, is_ternary, weights, seed):
    graph = two_layers(side, channels, is_ternary, seed)
    inputs = images(graph, 1, seed)
    compiled = compile_network(
        graph, sensor_of(free=4, analog=6), placement="tiled", weights=weights, analog_counting=True
    )
    expected = interpret(graph, inputs, graph.outputs)
    np.testing.assert_array_equal(compiled.run(inputs)["last"], expected["last"])


def test_what_is_dead_is_not_stored():
    """Its place may hold something else by then."""
    crowd = Crowd(sensor_of(free=3, analog=6))
    for number in range(10):
        crowd.load(number)
    while crowd.live:
        crowd.invert(0)
        crowd.read(0)
    moves = build(crowd.code).allocation.moves["analog"]
    assert moves.stores == moves.reloads == len(moves.homes) > 0

"""Kernels are joined as far as the store has room, for launches take time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.compiler import StoreError, compile_network
from larq_focal.focal_plane.sensor.rate import estimates
from larq_focal.network import interpret
from tests.focal_plane.compiler.random_layers import images, small
from tests.focal_plane.graphs import drawn_two_layers

NETWORK = drawn_two_layers(side=8, maps=4)


def launches(store: int) -> int:
    """Of the program for a store of that many words, which computes what the network does."""
    compiled = compile_network(NETWORK, replace(small("scamp5", 32, 32), code_store_icw=store))
    assert compiled.store_icw <= store
    inputs = images(NETWORK, 1)
    np.testing.assert_array_equal(compiled.run(inputs)["sign2"], interpret(NETWORK, inputs, ["sign2"])["sign2"])
    assert compiled.calls["kernel_launch"] == sum(calls.get("kernel_launch", 0) for calls in by_section(compiled))
    return compiled.calls["kernel_launch"]


def by_section(compiled):
    return compiled.calls_by_section.values()


def test_a_larger_store_takes_fewer_launches():
    counts = [launches(store) for store in (500, 600, 800, 1024)]
    assert counts == sorted(counts, reverse=True) and counts[0] > 2 * counts[-1]


def test_a_store_without_room_is_refused():
    with pytest.raises(StoreError):
        launches(20)


def test_launches_beyond_those_that_a_calibration_holds_have_a_bound():
    sensor = load_sensor("scamp5")
    _, liu_lu, analognet = estimates({"digital": 100}, {"load_pattern": 10, "kernel_launch": 14}, sensor)
    assert liu_lu.beyond_us == pytest.approx(4 * 7.16) and analognet.beyond_us is None
    _, liu_lu, _ = estimates({"digital": 100}, {"load_pattern": 10, "kernel_launch": 10}, sensor)
    assert liu_lu.beyond_us == 0

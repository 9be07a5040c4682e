"""Runs a network on the simulated array of every sensor and compares it with the interpreter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from larq_focal.focal_plane import sensor_names
from larq_focal.focal_plane.compiler import Compiled, RegisterError, StoreError, compile_network
from larq_focal.network import QuantGraph, interpret
from tests.focal_plane.compiler.random_layers import images, small

# The same array as SCAMP-5 in another convention: its programs are the same, and only counted otherwise.
RECOUNTED = {"scamp5_programmer": "scamp5"}


def check(
    graph: QuantGraph, count: int = 1, seed: int = 0, sensors: tuple[str, ...] = sensor_names()
) -> dict[str, str]:
    """Simulates ``graph`` under every sensor and returns the verdicts."""
    inputs = images(graph, count, seed)
    expected = interpret(graph, inputs, graph.outputs)
    verdicts: dict[str, str] = {}
    compiled: dict[str, Compiled] = {}
    for name in sensors:
        sensor = small(name)
        try:
            if name in RECOUNTED and RECOUNTED[name] in compiled:
                twin = compiled[RECOUNTED[name]]
                compiled[name] = replace(twin, array=replace(twin.array, sensor=sensor))
            else:
                compiled[name] = compile_network(graph, sensor, placement="interleaved")
        except (RegisterError, StoreError) as error:
            verdicts[name] = type(error).__name__
            continue
        for output, values in compiled[name].run(inputs).items():
            np.testing.assert_array_equal(values, expected[output], name)
        verdicts[name] = "spill" if compiled[name].allocation.spills_to else "fit"
    return verdicts

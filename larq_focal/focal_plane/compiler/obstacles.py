"""What keeps layers from the array whatever the program: bit widths, and the size of maps."""

from __future__ import annotations

import numpy as np

from larq_focal.focal_plane.compiler.controller_part import on_controller
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Conv2D


def obstacles(graph: QuantGraph, sensor: Sensor) -> dict[str, tuple[str, ...]]:
    """Sentences by the names of the convolutions that cannot run on the array; told without making a program.

    Args:
        graph: in its array form, or in the form after the pass ``LEVELS_AS_SIGNS`` of that.
        sensor: where it would run.
    """
    there = on_controller(graph)
    found = {op.name: tuple(_of(graph, op, sensor)) for op in graph.convolutions if op.name not in there}
    return {name: sentences for name, sentences in found.items() if sentences}


def _of(graph: QuantGraph, op: Conv2D, sensor: Sensor):
    if op.kernel.bits > 2 or np.abs(op.kernel.codes).max() > 1:
        yield f"'{op.name}' has weights of {op.kernel.bits} bits; the array multiplies 1-bit and ternary ones"
    if (bits := graph.input_bits(op)) > 1:
        yield f"'{op.name}' reads '{op.inputs[0]}' of {bits} bits; the array multiplies 1-bit inputs: binarize it"
    height, width = graph[op.inputs[0]].shape[:2]
    if height > sensor.height or width > sensor.width:
        yield (
            f"'{op.name}' reads maps of {height}x{width} pixels, and the array of {sensor.name} has "
            f"{sensor.height}x{sensor.width}: take a smaller image or another sensor"
        )

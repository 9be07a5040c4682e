"""What has to be read out of the array for the controller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.compiler.controller_part import on_controller
from larq_focal.focal_plane.compiler.layers.count import accumulator_bits
from larq_focal.focal_plane.fits.map_placement import maps_per_plane
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Activation, Affine, Conv2D, Op, Pool2D, Reshape


@dataclass(frozen=True)
class Readout:
    """A value that goes from the array to the controller once per frame: ``bits`` in all, in ``planes`` planes."""

    name: str
    bits: int
    planes: int


def readouts(graph: QuantGraph, sensor: Sensor) -> dict[str, Readout]:
    """The values that are read out, by the names of the operations on the controller that read them.

    What the network returns from the array is read by the value's own name.
    """
    there = on_controller(graph)
    found: dict[str, Readout] = {}
    for op in graph:
        for name in op.inputs:
            if op.name in there and name not in there:
                found[op.name] = _readout(graph, name, sensor)
    for name in graph.outputs:
        if name not in there:
            found[name] = _readout(graph, name, sensor)
    return found


def _readout(graph: QuantGraph, name: str, sensor: Sensor) -> Readout:
    op = _behind(graph, name, Reshape)
    maker = _behind(graph, op.name, Reshape, Affine, Activation, Pool2D)
    bits = graph.bits(op.name)
    if bits > sensor.adc_bits:  # a count is read bit by bit, anything else through the converter of pixel values
        counts = isinstance(maker, Conv2D) and maker.kernel.bits <= 2
        bits = accumulator_bits(maker.kernel.fan_in) if counts else sensor.adc_bits
    height, width, channels = _map_shape(graph, op)
    planes = -(-channels // max(maps_per_plane(height, width, sensor), 1))
    return Readout(name, bits * int(np.prod(op.shape)), bits * planes)


def _behind(graph: QuantGraph, name: str, *passed: type[Op]) -> Op:
    """The operation that a value comes from, looking back through those of the types ``passed``."""
    op = graph[name]
    while isinstance(op, passed) and op.inputs:
        op = graph[op.inputs[0]]
    return op


def _map_shape(graph: QuantGraph, op: Op) -> tuple[int, int, int]:
    """Height, width and number of the maps of a value on the array, where they keep the pitch of the last layer."""
    channels = op.shape[-1]
    while op.inputs and not isinstance(op, Conv2D):
        op = graph[op.inputs[0]]
    shape = graph[op.inputs[0]].shape if op.inputs else op.shape
    height, width = shape[:2] if len(shape) == 3 else (1, 1)
    return height, width, channels

"""From a network to a program: the fewest instruction words first, then the fewest registers, then spills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.building import Built, RegisterError, build
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.lowering import Lowering
from larq_focal.focal_plane.counters import accumulator_bits
from larq_focal.focal_plane.sensor import Sensor, load_sensor
from larq_focal.network.fold import fold_thresholds
from larq_focal.network.load import as_graph
from larq_focal.network.ops import Conv2D


def compile_network(
    network: Any,
    sensor: str | Path | Sensor = "scamp5",
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    spill: bool = True,
) -> Compiled:
    """Compiles a network to a program that the simulator runs exactly.

    One-bit layers run on the array, from the first binarized value on; dense layers and what follows them are left to
    the controller.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file or
            a SavedModel folder.
        sensor: a sensor's name, the path of its YAML file, or a ``Sensor``.
        pixel_range: the network's input values for no light and for the brightest.
        spill: whether planes may move to analog registers where digital ones run out.

    Raises:
        UnsupportedError: the array cannot run a layer, or the image is larger than the array.
        RegisterError: a layer needs more registers than there are.
        StoreError: the kernels take more words than the store of the array holds.
        SensorError: the sensor is not known, or its file is at fault.
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be read.
    """
    if not isinstance(sensor, Sensor):
        sensor = load_sensor(sensor)
    network = as_graph(network)
    graph = fold_thresholds(network)
    deferred = {op.name: accumulator_bits(op.kernel.fan_in) for op in graph if isinstance(op, Conv2D)}
    lowering, built = _built(graph, sensor, deferred, pixel_range, spill)
    array = ArrayProgram(
        sensor, built.program, tuple(lowering.inputs), tuple(lowering.outputs), lowering.constants.planes
    )
    return Compiled(
        graph=graph,
        output_names=network.outputs,
        array=array,
        tail=tuple(op.name for op in graph if op.name in lowering.tail),
        allocation=built.allocation,
        icw=built.icw,
        deferred=deferred,
    )


def _built(graph, sensor: Sensor, deferred: dict[str, int], pixel_range, spill: bool) -> tuple[Lowering, Built]:
    """Lets the layers where registers run out defer less, one column at a time, before anything is spilled."""
    while True:
        lowering = Lowering(graph, sensor, deferred, pixel_range)
        lowering.run()
        may_spill = spill and not any(deferred.values())
        try:
            return lowering, build(lowering.code, spill=may_spill)
        except RegisterError as error:
            if may_spill or not any(deferred.values()):
                raise
            if deferred.get(error.section):
                deferred[error.section] //= 2
            else:
                deferred.update(dict.fromkeys(deferred, 0))

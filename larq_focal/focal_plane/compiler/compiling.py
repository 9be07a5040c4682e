"""From a network to a program: the fewest instruction words first, then the fewest registers, then spills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.building import Built, RegisterError, build
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.kernels import StoreError
from larq_focal.focal_plane.compiler.lowering import Lowering
from larq_focal.focal_plane.counters import accumulator_bits
from larq_focal.focal_plane.sensor import Sensor, load_sensor
from larq_focal.network.fold import fold_thresholds
from larq_focal.network.graph import QuantGraph
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
    lowering, built, deferred = _built(graph, sensor, pixel_range, spill)
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


def _built(
    graph: QuantGraph, sensor: Sensor, pixel_range: tuple[float, float], spill: bool
) -> tuple[Lowering, Built, dict[str, int]]:
    """Fewest words first: layers defer less where registers or the store run out, and spill what is still too much."""
    deferred = {op.name: accumulator_bits(op.kernel.fan_in) for op in graph if isinstance(op, Conv2D)}
    most = dict(deferred)
    while True:
        try:
            return *_attempt(graph, sensor, deferred, pixel_range, spill=False), deferred
        except RegisterError as error:
            if deferred.get(error.section):
                deferred[error.section] //= 2
            elif spill:
                break
            else:
                raise
        except StoreError:
            if not any(deferred.values()):
                raise
            deferred[max(deferred, key=deferred.get)] = 0  # ripple counting repeats, and so takes less room
    return _with_spills(graph, sensor, deferred, most, pixel_range)


def _with_spills(
    graph: QuantGraph,
    sensor: Sensor,
    deferred: dict[str, int],
    most: dict[str, int],
    pixel_range: tuple[float, float],
) -> tuple[Lowering, Built, dict[str, int]]:
    """As ``_built`` where something must be spilled: layers that do not fit defer less until that takes more words."""
    best: tuple[Lowering, Built, dict[str, int]] | None = None
    for columns in (max(most.values()), 2, 1, 0):
        option = {name: count or min(columns, most[name]) for name, count in deferred.items()}
        try:
            found = *_attempt(graph, sensor, option, pixel_range, spill=True), option
        except (RegisterError, StoreError):
            if not columns and best is None:
                raise
            continue
        if best is not None and found[1].total_icw >= best[1].total_icw:
            break
        best = found
    return best


def _attempt(
    graph: QuantGraph, sensor: Sensor, deferred: dict[str, int], pixel_range: tuple[float, float], spill: bool
) -> tuple[Lowering, Built]:
    lowering = Lowering(graph, sensor, dict(deferred), pixel_range)
    lowering.run()
    return lowering, build(lowering.code, spill)

"""From a network to a program: the fewest instruction words first, then the fewest registers, then spills."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.building import Built, RegisterError, build
from larq_focal.focal_plane.compiler.choosing import AUTO, Cost, Option, options_for
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.kernels import StoreError
from larq_focal.focal_plane.compiler.lowering import Lowering
from larq_focal.focal_plane.compiler.schedule import Schedule
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.compiler.weights import WeightSource
from larq_focal.focal_plane.counters import accumulator_bits
from larq_focal.focal_plane.sensor import Sensor, load_sensor
from larq_focal.network.fold import fold_thresholds
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph
from larq_focal.network.ops import Conv2D

Lower = Callable[..., Lowering]  # the network's lowering for given schedules


@dataclass(frozen=True)
class _Result:
    lowering: Lowering
    built: Built
    schedules: dict[str, Schedule]
    spills_because: str = ""


def compile(
    network: Any,
    sensor: str | Path | Sensor = "scamp5",
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    spill: bool = True,
    dense_on_array: bool = False,
    placement: str = AUTO,
    weights: str = AUTO,
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
        dense_on_array: whether binary and ternary dense layers over one-bit maps run on the array too, by global
            counts: few values are read then, but a plane of weights is loaded for every unit.
        placement: where the channels of a value lie: "interleaved" in every block of pixels, "tiled" in tiles of the
            array of their own, or "auto".
        weights: where weights come from: "patterns" of the controller; with tiles also "packed" in a digital register
            or "analog", packed in an analog one; or "auto".

    With "auto" the network is compiled in several ways, and that is taken which does without a spill, and then takes
    the least time by the sensor's first calibration, or the fewest words where it has none.

    Raises:
        UnsupportedError: the array cannot run a layer, the image is larger than the array, or the sensor or the network
            is not made for the placement or the weights asked for.
        RegisterError: a layer needs more registers than there are.
        StoreError: the kernels take more words than the store of the array holds.
        SensorError: the sensor is not known, or its file is at fault.
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be read, or ``placement`` and ``weights`` are unknown or contradict each other.
    """
    if not isinstance(sensor, Sensor):
        sensor = load_sensor(sensor)
    network = as_graph(network)
    graph = fold_thresholds(network)
    lower = partial(Lowering, graph, sensor, pixel_range=pixel_range, dense_on_array=dense_on_array)
    options = tuple(options_for(graph, sensor, placement, weights))

    def attempt(option: Option, spill: bool) -> Compiled:
        found = _built(partial(lower, is_tiled=option.is_tiled), graph, spill, option.weights)
        return _compiled(network, graph, sensor, option, found)

    if len(options) > 1 and spill:
        try:
            return _cheapest(options, partial(attempt, spill=False))
        except (UnsupportedError, RegisterError, StoreError):
            pass  # every program spills, if there is one
    return _cheapest(options, partial(attempt, spill=spill))


def _cheapest(options: Sequence[Option], attempt: Callable[[Option], Compiled]) -> Compiled:
    """The program of least cost, with the costs of the others.

    Raises:
        UnsupportedError, RegisterError, StoreError: there is none; the reason is that of the first option.
    """
    programs: list[Compiled] = []
    costs: list[Cost] = []
    refusal: Exception | None = None
    for option in options:
        try:
            programs.append(attempt(option))
            costs.append(programs[-1].cost)
        except (UnsupportedError, RegisterError, StoreError) as error:
            refusal = refusal or error
            costs.append(Cost(option, refused=str(error)))
    if not programs:
        raise refusal
    best = min(programs, key=lambda program: program.cost.rank)
    return replace(best, other_costs=tuple(cost for cost in costs if cost.option != best.option))


def _compiled(network: QuantGraph, graph: QuantGraph, sensor: Sensor, option: Option, found: _Result) -> Compiled:
    lowering, built = found.lowering, found.built
    array = ArrayProgram(
        sensor=sensor,
        program=built.program,
        inputs=tuple(lowering.inputs),
        outputs=tuple(lowering.outputs),
        scores=tuple(lowering.scores),
        constants=lowering.constants.planes,
    )
    return Compiled(
        graph=graph,
        output_names=network.outputs,
        array=array,
        layouts=lowering.layouts,
        tail=tuple(op.name for op in graph if op.name in lowering.tail),
        allocation=built.allocation,
        icw=built.icw,
        schedules=found.schedules,
        option=option,
        spills_because=found.spills_because,
    )


compile_network = compile  # its name where Python's own ``compile`` should not be hidden


def _built(lower: Lower, graph: QuantGraph, spill: bool, weights: WeightSource) -> _Result:
    """Fewest words first; layers become frugal where registers or the store run out, and then spill the rest."""
    most = {
        op.name: Schedule(accumulator_bits(op.kernel.fan_in), weights=weights) for op in graph if isinstance(op, Conv2D)
    }
    schedules = dict(most)
    tight: set[str] = set()  # layers that found no schedule without a spill
    while True:
        try:
            return _attempt(lower, schedules, spill=False)
        except RegisterError as error:
            layer, reason = error.section, str(error)
            if layer in schedules and (frugal := schedules[layer].frugal()):
                schedules[layer] = frugal
            elif spill:
                tight.add(layer)
                break
            else:
                raise
        except StoreError as error:
            reason = str(error)
            widest = max(schedules, key=lambda name: schedules[name].deferred, default=None)
            if widest is None or not schedules[widest].deferred:
                if spill:
                    break
                raise
            schedules[widest] = replace(
                schedules[widest], deferred=0
            )  # ripple counting repeats, and so takes less room
    tight |= {name for name, schedule in schedules.items() if schedule.is_frugal}
    found = _with_spills(lower, schedules, tight & most.keys(), most)
    return replace(found, spills_because=reason) if found.built.allocation.spilled else found


def _with_spills(
    lower: Lower, schedules: Mapping[str, Schedule], tight: set[str], most: Mapping[str, Schedule]
) -> _Result:
    """As ``_built`` where something must be spilled: tight layers defer less until that takes more words."""
    best: _Result | None = None
    largest = max((schedule.deferred for schedule in most.values()), default=0)
    for option in (Schedule(largest), Schedule(2), Schedule(1), Schedule(), Schedule(is_frugal=True)):
        limited = {
            name: replace(option, deferred=min(option.deferred, most[name].deferred), weights=most[name].weights)
            for name in tight
        }
        try:
            found = _attempt(lower, {**schedules, **limited}, spill=True)
        except (RegisterError, StoreError):
            if option.is_frugal and best is None:
                raise
            continue
        if best is not None and found.built.total_icw >= best.built.total_icw:
            break
        best = found
    return best


def _attempt(lower: Lower, schedules: Mapping[str, Schedule], spill: bool) -> _Result:
    lowering = lower(schedules=schedules)
    lowering.run()
    return _Result(lowering, build(lowering.code, spill), dict(schedules))

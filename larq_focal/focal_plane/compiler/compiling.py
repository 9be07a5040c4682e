"""From a network to a program: the fewest instruction words first, then the fewest registers, then spills.

Spills go to analog registers, and only where those do not do, to the controller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from larq_focal.focal_plane.compiler.accumulating import can_accumulate
from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.building import Built, RegisterError, build
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.kernels import StoreError
from larq_focal.focal_plane.compiler.lowering import Lowering
from larq_focal.focal_plane.compiler.schedule import Schedule
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.counters import accumulator_bits
from larq_focal.focal_plane.sensor import Sensor, load_sensor
from larq_focal.focal_plane.spills import Spill, check_spill
from larq_focal.network.fold import fold_thresholds
from larq_focal.network.load import as_graph
from larq_focal.network.ops import Conv2D

Lower = Callable[..., Lowering]  # the network's lowering for given schedules


@dataclass(frozen=True)
class _Result:
    lowering: Lowering
    built: Built
    schedules: dict[str, Schedule]
    spills_because: str = ""

    @property
    def cost(self) -> tuple[int, bool, int]:
        """Bytes that go to the controller and back, whether anything spills, and instruction words."""
        allocation = self.built.allocation
        size = sum(moves.bytes for moves in allocation.moves.values())
        return size, bool(allocation.spills_to), self.built.total_icw


def compile(
    network: Any,
    sensor: str | Path | Sensor = "scamp5",
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    spill: Spill = "analog",
    dense_on_array: bool = False,
    analog_counting: bool = False,
) -> Compiled:
    """Compiles a network to a program that the simulator runs exactly.

    One-bit layers run on the array, from the first binarized value on; dense layers and what follows them are left to
    the controller.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file or
            a SavedModel folder.
        sensor: a sensor's name, the path of its YAML file, or a ``Sensor``.
        pixel_range: the network's input values for no light and for the brightest.
        spill: how far planes may move where digital registers run out: not at all ("none"), to "analog" registers, or,
            where these do not do, to the "controller" and back, if the sensor's file allows it.
        dense_on_array: whether binary and ternary dense layers over one-bit maps run on the array too, by global
            counts: few values are read then, but a plane of weights is loaded for every unit.
        analog_counting: whether layers may be counted in an analog register where that avoids spills or saves words.
            That is as exact as digital counting in the simulator, and on a chip subject to its noise.

    Raises:
        UnsupportedError: the array cannot run a layer, the image is larger than the array, or the sensor has no analog
            registers to count in.
        RegisterError: a layer needs more registers than there are.
        StoreError: the kernels take more words than the store of the array holds.
        SensorError: the sensor is not known, or its file is at fault.
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be read, or ``spill`` is not known, or not for this sensor.
    """
    if not isinstance(sensor, Sensor):
        sensor = load_sensor(sensor)
    check_spill(spill, sensor)
    if analog_counting and not can_accumulate(sensor):
        raise UnsupportedError(f"{sensor.name} has no analog registers that can count under a mask: count digitally.")
    network = as_graph(network)
    graph = fold_thresholds(network)
    lower = partial(Lowering, graph, sensor, pixel_range=pixel_range, dense_on_array=dense_on_array)
    digital = {op.name: Schedule(accumulator_bits(op.kernel.fan_in)) for op in graph if isinstance(op, Conv2D)}
    build_with = partial(_built, lower, spill=spill)
    found = _with_charges(build_with, lower, digital) if analog_counting else build_with(digital)
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
        accumulations=lowering.accumulations,
        spills_because=found.spills_because,
    )


compile_network = compile  # its name where Python's own ``compile`` should not be hidden


def _with_charges(
    build_with: Callable[[Mapping[str, Schedule]], _Result], lower: Lower, digital: Mapping[str, Schedule]
) -> _Result:
    """The cheaper of all layers counted digitally and all that can be by charges; then layer by layer the cheaper way.

    Raises:
        RegisterError, StoreError: none of these fits; the error is that of digital counting.
    """
    trial = lower(schedules=dict.fromkeys(digital, Schedule(is_analog=True)))
    trial.run()
    known: dict[frozenset[str], _Result] = {}  # by the names of the layers that are counted by charges
    refused: list[RegisterError | StoreError] = []

    def attempt(charged: frozenset[str]) -> None:
        try:
            known[charged] = build_with({**digital, **dict.fromkeys(charged, Schedule(is_analog=True))})
        except (RegisterError, StoreError) as error:
            refused.append(error)

    every = frozenset(trial.accumulations)
    for charged in dict.fromkeys((frozenset(), every)):
        attempt(charged)
    for name in trial.accumulations if len(every) > 1 else ():
        best = min(known, key=lambda charged: known[charged].cost, default=every)
        attempt(best ^ {name})
    if not known:
        raise refused[0]
    return min(known.values(), key=lambda result: result.cost)


def _built(lower: Lower, most: Mapping[str, Schedule], spill: Spill) -> _Result:
    """Fewest words first; layers become frugal where registers or the store run out, and then spill the rest.

    ``most`` are the schedules of the most registers.
    """
    schedules = dict(most)
    tight: set[str] = set()  # layers that found no schedule without a spill
    while True:
        try:
            return _attempt(lower, schedules, spill="none")
        except RegisterError as error:
            layer, reason = error.section, str(error)
            if layer in schedules and (frugal := schedules[layer].frugal()):
                schedules[layer] = frugal
            elif spill != "none":
                tight.add(layer)
                break
            else:
                raise
        except StoreError as error:
            reason = str(error)
            widest = max(schedules, key=lambda name: schedules[name].deferred, default=None)
            if widest is None or not schedules[widest].deferred:
                if spill != "none":
                    break
                raise
            schedules[widest] = Schedule()  # ripple counting repeats, and so takes less room
    tight = (tight | {name for name, schedule in schedules.items() if schedule.is_frugal}) & most.keys()
    try:
        found = _with_spills(lower, schedules, tight, most, "analog")
    except (RegisterError, StoreError):
        if spill != "controller":
            raise
        found = _with_spills(lower, schedules, tight, most, "controller")
    return replace(found, spills_because=reason) if found.built.allocation.spills_to else found


def _with_spills(
    lower: Lower, schedules: Mapping[str, Schedule], tight: set[str], most: Mapping[str, Schedule], spill: Spill
) -> _Result:
    """As ``_built`` where something must be spilled: tight layers defer less until that costs more."""
    best: _Result | None = None
    tried: list[dict[str, Schedule]] = []
    largest = max((schedule.deferred for schedule in most.values()), default=0)
    for option in (Schedule(largest), Schedule(2), Schedule(1), Schedule(), Schedule(is_frugal=True)):
        limited = {
            name: replace(option, deferred=min(option.deferred, most[name].deferred), is_analog=most[name].is_analog)
            for name in tight
        }
        if limited in tried:
            continue
        tried.append(limited)
        try:
            found = _attempt(lower, {**schedules, **limited}, spill)
        except (RegisterError, StoreError) as error:
            refused = error
            continue
        if best is not None and found.cost >= best.cost:
            break
        best = found
    if best is None:
        raise refused
    return best


def _attempt(lower: Lower, schedules: Mapping[str, Schedule], spill: Spill) -> _Result:
    lowering = lower(schedules=schedules)
    lowering.run()
    return _Result(lowering, build(lowering.code, spill), dict(schedules))

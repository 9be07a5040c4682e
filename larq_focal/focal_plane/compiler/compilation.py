"""From a network to a program: the cheapest of the ways in which it can be written."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from larq_focal.deploy.class_names import check_class_names, class_names_of, given_metadata
from larq_focal.focal_plane.compiler.array_form import array_form
from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.backend.build import RegisterError
from larq_focal.focal_plane.compiler.backend.kernels import StoreError
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.controller_graphs import controller_graphs
from larq_focal.focal_plane.compiler.integer_form.counted_sums import counted_sums
from larq_focal.focal_plane.compiler.layers.accumulation import can_accumulate
from larq_focal.focal_plane.compiler.layers.count import accumulator_bits
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.network_code import NetworkCode
from larq_focal.focal_plane.compiler.obstacles import obstacles
from larq_focal.focal_plane.compiler.option_costs import Cost, options_for
from larq_focal.focal_plane.compiler.options import AUTO, DENSE_COUNTS, ESTIMATES, Option
from larq_focal.focal_plane.compiler.schedule_search import FoundProgram, found_digital, found_with_charges
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.machine.images import check_pixel_range
from larq_focal.focal_plane.progress import Progress, silent
from larq_focal.focal_plane.sensor import Sensor, load_sensor
from larq_focal.focal_plane.sensor.spills import SPILLS, Spill, check_spill
from larq_focal.focal_plane.sensor.swaps import check_swap
from larq_focal.focal_plane.time_limit import NO_LIMIT, TimeLimit
from larq_focal.garbage import collection_paused
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph

_REFUSALS = (UnsupportedError, RegisterError, StoreError)


def compile(
    network: Any,
    sensor: str | Path | Sensor = "scamp5",
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    spill: Spill = "analog",
    dense_on_array: str | None = None,
    analog_counting: bool = False,
    placement: str = AUTO,
    weights: str = AUTO,
    *,
    swap_kernels: bool = False,
    trust: bool = False,
    progress: Progress = silent,
    limit: TimeLimit = NO_LIMIT,
    state: Mapping[str, str] | None = None,
    classes: Sequence[str] | str | Path | None = None,
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
        dense_on_array: None, or how binary and ternary dense layers over one-bit maps are counted on the array: by
            "events", the addresses of the ones, exactly; or by "estimates", the chip's own count, which is off by some
            pixels and takes an analog register. Few values are read then, but a plane of weights is loaded for every
            unit.
        analog_counting: whether layers may be counted in an analog register where that avoids spills or takes less time
            (fewer words where the sensor has no calibration). That is as exact as digital counting in the simulator,
            and on a chip subject to its noise.
        placement: where the channels of a value lie: "interleaved" in every block of pixels, "tiled" in tiles of the
            array of their own, or "auto".
        weights: where weights come from: "patterns" of the controller; with tiles also "packed" in a digital register
            or "analog", packed in an analog one; or "auto".
        swap_kernels: whether the controller may put other kernels into the store within the frame, where the store
            cannot hold all, if the sensor's file allows it. Programs without a swap come first, and one with a swap
            comes before one that spills further.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.
        progress: called with a line of text before each attempt at a program.
        limit: how long the search for a program may take.
        state: one-bit maps that stay on the array from frame to frame, in registers of their own
            (``Compiled.state_registers``): by the name of the value at the inputs, the value that it is in the next
            frame.
        classes: names of the classes, or a text file with one per line, which go into the program; None takes those
            that a ``.tflite`` file says.

    With "auto" the network is compiled in several ways, and that is taken which does without a spill, and then takes
    the least time by the sensor's first calibration, or the fewest words where it has none.

    Raises:
        UnsupportedError: the array cannot run a layer, the image is larger than the array, or the sensor or the network
            is not made for the counting, the placement or the weights asked for.
        RegisterError: a layer needs more registers than there are.
        StoreError: the kernels take more words than the store of the array holds; where they may be swapped, a single
            instruction does.
        TimeLimitError: ``limit`` is over, and there is no program yet.
        SensorError: the sensor is not known, or its file is at fault.
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the file cannot be read, ``spill`` is not known, or not for this sensor, nor kernels that are
            swapped, ``placement`` and ``weights`` are unknown or contradict each other, ``pixel_range`` is not two
            different numbers, or the names of classes do not fit the network.
    """
    if not isinstance(sensor, Sensor):
        sensor = load_sensor(sensor)
    check_spill(spill, sensor)
    check_swap(swap_kernels, sensor)
    pixel_range = check_pixel_range(pixel_range)
    if analog_counting and not can_accumulate(sensor):
        raise UnsupportedError(f"{sensor.name} has no analog registers that can count under a mask: count digitally.")
    if dense_on_array is not None and dense_on_array not in DENSE_COUNTS:
        raise ValueError(
            f"dense_on_array must be None or one of {', '.join(DENSE_COUNTS)}, not {dense_on_array!r:.60}."
        )
    if dense_on_array == ESTIMATES and not can_accumulate(sensor):
        raise UnsupportedError(
            f"{sensor.name} has no analog registers for estimates of counts: take dense_on_array='events'."
        )
    class_names = given_metadata(classes, None).class_names or class_names_of(network)
    network = as_graph(network, trust=trust)
    if class_names is not None:
        check_class_names(class_names, network.name, [network[name].shape for name in network.outputs])
    return compile_array_form(
        network,
        array_form(network),
        sensor,
        pixel_range=pixel_range,
        spill=spill,
        dense_on_array=dense_on_array,
        analog_counting=analog_counting,
        placement=placement,
        weights=weights,
        swap_kernels=swap_kernels,
        progress=progress,
        limit=limit,
        state=state,
        class_names=class_names,
    )


compile_network = compile  # its name where Python's own ``compile`` should not be hidden


def compile_array_form(
    network: QuantGraph,
    graph: QuantGraph,
    sensor: Sensor,
    *,
    pixel_range: tuple[float, float],
    spill: Spill,
    placement: str,
    weights: str,
    swap_kernels: bool = False,
    dense_on_array: str | None = None,
    analog_counting: bool = False,
    progress: Progress = silent,
    limit: TimeLimit = NO_LIMIT,
    state: Mapping[str, str] | None = None,
    class_names: tuple[str, ...] | None = None,
) -> Compiled:
    """As ``compile``, for a network whose array form ``graph`` is there already; arguments are checked."""
    if not graph.inputs:
        raise UnsupportedError(f"'{graph.name}' has no input, so that there is nothing for the array to see.")
    for sentences in obstacles(graph, sensor).values():
        raise UnsupportedError(f"{sentences[0]}.")
    options = tuple(options_for(graph, sensor, placement, weights))
    search = found_with_charges if analog_counting else found_digital
    attempts = itertools.count(1)

    def code_for(**options: Any) -> NetworkCode:
        way = "tiled" if options.get("is_tiled") else "interleaved"
        progress(f"program {next(attempts)}, {way}")
        return NetworkCode(
            graph,
            sensor,
            pixel_range=pixel_range,
            dense_on_array=dense_on_array,
            limit=limit,
            state=state,
            **options,
        )

    refused: dict[Option, str] = {}  # by the last attempt of each

    def attempt(option: Option, spill: Spill, swaps_kernels: bool) -> Compiled:
        way = partial(code_for, is_tiled=option.is_tiled, swaps_kernels=swaps_kernels)
        try:
            with collection_paused():
                found = search(way, _of_most_registers(graph, option), spill)
        except _REFUSALS as error:
            refused[option] = str(error)
            raise
        return _compiled(network, graph, sensor, option, found, pixel_range, class_names, refused.get(option, ""))

    *others, last = _rungs(spill, swap_kernels, several=len(options) > 1)
    for less, swaps_kernels in others:
        try:
            return _cheapest(options, partial(attempt, spill=less, swaps_kernels=swaps_kernels))
        except _REFUSALS:
            pass  # every program needs more, if there is one
    return _cheapest(options, partial(attempt, spill=last[0], swaps_kernels=last[1]))


def _rungs(spill: Spill, swap_kernels: bool, several: bool) -> list[tuple[Spill, bool]]:
    """How far planes may spill, and whether kernels are swapped, from the least to the most that is allowed.

    The search for schedules spills no further than it must. It is asked for less first where ``several`` programs are
    compared, and where a swap comes before a spill.
    """
    allowed = SPILLS[: SPILLS.index(spill) + 1] if several or swap_kernels else (spill,)
    return [(less, swaps) for less in allowed for swaps in ((False, True) if swap_kernels else (False,))]


def _of_most_registers(graph: QuantGraph, option: Option) -> dict[str, CountSchedule]:
    """By layer the schedule of fewest words, which takes the most registers."""
    largest = {op.name: op.kernel.fan_in for op in graph.convolutions}
    largest |= {layer.name: total.largest for total in counted_sums(graph) for layer in total.layers}
    return {name: CountSchedule(accumulator_bits(count), weights=option.weights) for name, count in largest.items()}


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
        except _REFUSALS as error:
            refusal = refusal or error
            costs.append(Cost(option, refused=str(error)))
    if not programs:
        raise refusal
    best = min(programs, key=lambda program: program.cost.rank)
    return replace(best, other_costs=tuple(cost for cost in costs if cost.option != best.option))


def _compiled(
    network: QuantGraph,
    graph: QuantGraph,
    sensor: Sensor,
    option: Option,
    found: FoundProgram,
    pixel_range: tuple[float, float],
    class_names: tuple[str, ...] | None,
    refused: str,
) -> Compiled:
    """The compiled network; ``refused`` tells what stopped the attempt before."""
    code, built = found.code, found.built
    read = [value.name for value in (*code.outputs, *code.scores)]
    array = ArrayProgram(
        sensor=sensor,
        program=built.program,
        inputs=tuple(code.inputs),
        outputs=tuple(code.outputs),
        scores=tuple(code.scores),
        constants=code.constants.planes,
        controller=controller_graphs(graph, code.inputs, read, network.outputs, pixel_range, class_names),
    )
    return Compiled(
        graph=graph,
        output_names=network.outputs,
        array=array,
        layouts=code.layouts,
        tail=tuple(op.name for op in graph if op.name in code.tail),
        allocation=built.allocation,
        icw=built.icw,
        calls_by_section=built.calls,
        schedules=found.schedules,
        accumulations=code.accumulations,
        state_registers=code.state_registers,
        option=option,
        spills_because=found.spills_because,
        swaps_because=refused if built.program.fills else "",
    )

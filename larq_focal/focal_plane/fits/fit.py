"""Judging a whole network on a sensor: costs by formulas, verdicts by programs."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from larq_focal.fixed_processors import (
    BinaryProcessor,
    ProcessorFit,
    judge_network,
    load_processor,
    processor_names,
)
from larq_focal.focal_plane.compiler import RegisterError, StoreError, UnsupportedError
from larq_focal.focal_plane.compiler.array_form import LEVELS_AS_SIGNS, array_form
from larq_focal.focal_plane.compiler.controller_part import on_controller
from larq_focal.focal_plane.fits.conv_layer import conv_layer
from larq_focal.focal_plane.fits.fit_report import FitReport
from larq_focal.focal_plane.fits.judgement import judge
from larq_focal.focal_plane.fits.layer_fit import LayerFit
from larq_focal.focal_plane.fits.layer_fits import array_layer, controller_layer, program_of, unjudged_layer
from larq_focal.focal_plane.fits.notes import unmodelled
from larq_focal.focal_plane.fits.readouts import Readout, readouts
from larq_focal.focal_plane.fits.step_costs import icw_by_class
from larq_focal.focal_plane.fits.unjudged_between import unjudged_between
from larq_focal.focal_plane.inspection import inspect_network
from larq_focal.focal_plane.machine.images import check_pixel_range
from larq_focal.focal_plane.progress import Progress, silent
from larq_focal.focal_plane.sensor import Sensor, load_sensor, unknown_sensor
from larq_focal.focal_plane.sensor.calibration import published_for
from larq_focal.focal_plane.sensor.known_sensors import DEFAULT_SENSOR, TEMPLATE, sensor_names
from larq_focal.focal_plane.sensor.rate import (
    energy_lower_bound_uj,
    estimates,
    latency_lower_bound_us,
    published_estimate,
    unknown_overheads,
)
from larq_focal.focal_plane.sensor.spills import Spill, check_spill
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph
from larq_focal.network.ops import Weighted
from larq_focal.text import counted
from larq_focal.verdicts.unjudged import is_judged_layer, unjudged_operations


def fit(
    network: Any,
    sensor: str | Path | Sensor | BinaryProcessor = DEFAULT_SENSOR,
    with_program: bool = False,
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    keras_model: Any | None = None,
    spill: Spill = "analog",
    placement: str = "auto",
    weights: str = "auto",
    *,
    trust: bool = False,
    progress: Progress = silent,
) -> FitReport | ProcessorFit:
    """Judges whether a network fits the registers of a focal-plane processor, or the structure of a binary processor.

    Convolutions run on the array; dense layers, and convolutions over the whole map, run on the controller, on what is
    read out for them. A convolution that fits by the formulas is compiled by itself, and its verdict is that of the
    program; notes tell where one is too large for that. Changes that would fit are found by the formulas and then
    compiled with random weights; those that are too large for that are said to fit by formula. Where the bit widths of
    a layer or the size of its maps alone keep it from the array, no layer is compiled.

    A network with parts that have no verdict, such as operations that are not understood, is NOT JUDGED at best, and
    its report has no totals; one in which no layer runs on the array is NOT JUDGED too.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file or
            a SavedModel folder.
        sensor: a sensor's name, the path of its YAML file, or a ``Sensor``; for the second kind the name of a
            processor such as "binareye", or a ``BinaryProcessor``.
        with_program: whether a network that is judged for a sensor is compiled too, its program run for one frame, and
            what it does told; this takes seconds.
        pixel_range: the network's input values for no light and for the brightest, for the program.
        keras_model: what the program is compared with too; ``network`` itself, where that is a Keras model.
        spill: how far planes may move where a sensor's digital registers run out: not at all ("none"), to "analog"
            registers, or, where these do not do, to the "controller" and back.
        placement: where the program of ``with_program`` puts channels, and ``weights`` where it takes weights from, as
            in ``compile``; layers by themselves are judged interleaved, with weights from patterns.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.
        progress: called with a line of text before each part of the work that may take long.

    Raises:
        SensorError: the sensor is not known, or its file is at fault.
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the file cannot be read, the network has no layer with weights, or ``spill`` is not known, or not
            for this sensor, or ``pixel_range`` is not two different numbers.
    """
    target = sensor if isinstance(sensor, Sensor | BinaryProcessor) else _load_target(sensor)
    graph = as_graph(network, trust=trust)
    if not (graph.layers or graph.other_layers or graph.unknown):
        raise ValueError(f"'{graph.name}' has no convolution or dense layer: there is nothing to fit.")
    if isinstance(target, BinaryProcessor):
        return judge_network(graph, target)
    check_spill(spill, target)
    check_pixel_range(pixel_range)
    report = _fit_registers(graph, target, spill, progress)
    if not with_program:
        return report
    how = {"pixel_range": pixel_range, "keras_model": keras_model, "spill": spill, "trust": trust, "progress": progress}
    return _with_program(report, network, target, {**how, "placement": placement, "weights": weights})


def _with_program(report: FitReport, network: Any, sensor: Sensor, how: dict[str, Any]) -> FitReport:
    """The report with what the program does, or with the reason why there is none."""
    try:
        program = inspect_network(network, sensor, **how)
    except (RegisterError, StoreError, UnsupportedError) as error:
        return replace(report, notes=(*report.notes, f"no program: {error}"))
    return replace(report, program=program)


def _load_target(name_or_path: str | Path) -> Sensor | BinaryProcessor:
    if name_or_path in processor_names():
        return load_processor(str(name_or_path))
    known = (*sensor_names(), TEMPLATE)
    if str(name_or_path) not in known and not os.path.isfile(name_or_path):
        raise unknown_sensor(name_or_path, (*sensor_names(), *processor_names()))
    return load_sensor(name_or_path)


def _fit_registers(network: QuantGraph, sensor: Sensor, spill: Spill, progress: Progress) -> FitReport:
    stages: dict[str, QuantGraph] = {}
    folded = array_form(network, after=stages.__setitem__)
    graph = stages[LEVELS_AS_SIGNS]  # whose layers stand in the report
    read = readouts(graph, sensor)
    there = on_controller(graph)
    on_array = [op for op in graph.convolutions if op.name not in there]
    shapes = {op.name: conv_layer(graph, op, folded) for op in on_array}
    judged = {name: judge(layer, sensor, spill) for name, layer in shapes.items()}
    compiles = not any(judgement.reasons for judgement in judged.values())  # else the verdict is there already

    def layer_fit(op: Weighted) -> LayerFit:
        if not is_judged_layer(op):
            return unjudged_layer(op, sensor)
        if op.name not in shapes:
            return controller_layer(op, read.get(op.name), sensor)
        layer, judgement = shapes[op.name], judged[op.name]
        place = f"layer {list(shapes).index(op.name) + 1} of {len(shapes)}, '{op.name}'"
        program = None
        if compiles:
            program = program_of(folded, layer, judgement, sensor, spill, lambda line: progress(f"{place}: {line}"))
        return array_layer(
            op,
            layer,
            judgement,
            program,
            sensor,
            spill,
            compiles=compiles,
            progress=lambda line: progress(f"{place}, changes: {line}"),
        )

    layers = tuple(layer_fit(op) for op in graph if isinstance(op, Weighted))
    calls = sum((Counter(layer.calls) for layer in layers), Counter(read_plane=sum(r.planes for r in read.values())))
    steps = sum((Counter(layer.steps_icw) for layer in layers), Counter())
    words = icw_by_class(steps)
    published = filter(None, [published_for(graph.name, sensor.name)])
    not_judged = [*unjudged_operations(graph), *unjudged_between(folded, there)]
    if not shapes:
        not_judged.append("no layer runs on the array, and what the controller can do is not judged")
    complete = not not_judged and all(layer.icw is not None for layer in layers)
    left_out = [line for name, layer in shapes.items() for line in unmodelled(layer, judged[name])]
    return FitReport(
        network=graph.name,
        sensor=sensor.name,
        registers=f"{sensor.title}: {sensor.registers_text}",
        layers=layers,
        icw=steps.total() if complete else None,
        latency_lower_bound_us=latency_lower_bound_us(words, calls, sensor) if complete else None,
        energy_lower_bound_uj=energy_lower_bound_uj(words, sensor) if complete else None,
        estimates=(*(estimates(words, calls, sensor) if complete else ()), *map(published_estimate, published)),
        bits_read=sum(r.bits for r in read.values()) + sum(fit.bits_read for fit in layers if fit.name in shapes),
        raw_bits=sensor.raw_bits,
        raw_pixel_bits=sensor.adc_bits * sensor.pixel_channels,
        notes=tuple(_network_notes(layers, steps.total(), read, sensor, compiles)),
        not_judged=tuple(not_judged),
        unknown=(*left_out, *unknown_overheads(calls, sensor), *_unknown_of(sensor)),
    )


def _network_notes(
    layers: tuple[LayerFit, ...], icw: int, read: dict[str, Readout], sensor: Sensor, compiles: bool
) -> list[str]:
    notes = []
    if not compiles:
        notes.append("bit widths or sizes alone decide that it does not fit: no layer was compiled")
    on_array = [layer for layer in layers if layer.schedule != "controller"]
    bits = sum(layer.weight_bits for layer in on_array)
    capacity = sensor.plane_bits * len(sensor.digital.free)
    if on_array:
        notes.append(f"weights on the array: {bits:,} bits, where the free planes hold {capacity:,}")
    else:
        notes.append("no layer runs on the array")
    if sensor.code_store_icw and icw > sensor.code_store_icw:
        notes.append(
            f"unrolled, {icw:,} instruction words are more than the store of {sensor.code_store_icw:,}: kernels "
            "must be looped, which takes more launches than are counted"
        )
    on_controller = {layer.name for layer in layers if layer.schedule == "controller"}
    for name, readout in read.items():
        if name not in on_controller:
            planes = counted(readout.planes, "plane")
            notes.append(f"'{readout.name}' is read out: {counted(readout.bits, 'bit')} per frame in {planes}")
    return notes


def _unknown_of(sensor: Sensor) -> list[str]:
    unknown = [f"assumed: {assumption}" for assumption in sensor.assumptions]
    if sensor.clock_hz is None:
        unknown.append("clock: not known, so no times")
    if sensor.energy_per_cycle_nj is None:
        unknown.append("energy: clock or power not known")
    return unknown

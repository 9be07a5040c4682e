"""Judging a whole network on a sensor: by its program, which is compiled once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
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
from larq_focal.focal_plane.compiler.compiled import Compiled
from larq_focal.focal_plane.compiler.controller_part import on_controller
from larq_focal.focal_plane.fits.fit_report import FitReport
from larq_focal.focal_plane.fits.judged import Judged, judged
from larq_focal.focal_plane.fits.layer_fit import LayerFit
from larq_focal.focal_plane.fits.layer_rows import controller_row, program_row, row_without_program
from larq_focal.focal_plane.inspection import inspect_compiled
from larq_focal.focal_plane.machine.images import check_pixel_range
from larq_focal.focal_plane.progress import DEFAULT_LIMIT_S, Progress, silent
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
from larq_focal.focal_plane.sensor.swaps import check_swap
from larq_focal.focal_plane.time_limit import TimeLimit
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph
from larq_focal.network.ops import Weighted
from larq_focal.text import counted
from larq_focal.verdicts.unjudged import unjudged_operations
from larq_focal.verdicts.verdict import Verdict


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
    swap_kernels: bool = False,
    limit_s: float | None = DEFAULT_LIMIT_S,
    trust: bool = False,
    progress: Progress = silent,
) -> FitReport | ProcessorFit:
    """Judges whether a network fits the registers of a focal-plane processor, or the structure of a binary processor.

    The network is compiled once, as ``compile`` does it, and verdict, words, registers, calls, time and energy are
    those of its program. Where bit widths or the size of maps alone keep a layer from the array, the answer comes
    without a program. A change is named after the whole network compiled with it, its weights cut to what is left.

    A network with parts of which no program is known, or for which none was found in time, is NOT JUDGED.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file or
            a SavedModel folder.
        sensor: a sensor's name, the path of its YAML file, or a ``Sensor``; for the second kind the name of a
            processor such as "binareye", or a ``BinaryProcessor``.
        with_program: whether a frame of the program is run, and what it does told.
        pixel_range: the network's input values for no light and for the brightest.
        keras_model: what the program is compared with too; ``network`` itself, where that is a Keras model.
        spill: how far planes may move where a sensor's digital registers run out: not at all ("none"), to "analog"
            registers, or, where these do not do, to the "controller" and back.
        placement: where the program puts channels, and ``weights`` where it takes weights from, as in ``compile``.
        swap_kernels: whether kernels may be swapped in the store within the frame, as in ``compile``.
        limit_s: seconds of CPU time after which the search for a program, and then for changes, is given up; None for
            no limit.
        trust: whether the file of a Keras model may run code that it brings, as in ``load_keras_model``.
        progress: called with a line of text before each part of the work that may take long.

    Raises:
        SensorError: the sensor is not known, or its file is at fault.
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        UntrustedModelError: the file would run code, and ``trust`` is not given.
        ValueError: the file cannot be read, the network has no layer with weights, or ``spill`` is not known, or not
            for this sensor, nor kernels that are swapped, or ``pixel_range`` is not two different numbers.
    """
    target = sensor if isinstance(sensor, Sensor | BinaryProcessor) else _load_target(sensor)
    graph = as_graph(network, trust=trust)
    if not (graph.layers or graph.other_layers or graph.unknown):
        raise ValueError(f"'{graph.name}' has no convolution or dense layer: there is nothing to fit.")
    if isinstance(target, BinaryProcessor):
        return judge_network(graph, target)
    check_spill(spill, target)
    check_swap(swap_kernels, target)
    how = {"pixel_range": check_pixel_range(pixel_range), "placement": placement, "weights": weights}
    found = judged(graph, target, spill, swap_kernels, how, TimeLimit(limit_s), progress)
    report = _report(graph, target, found)
    if not with_program or found.compiled is None:
        return report
    if keras_model is None and not isinstance(network, QuantGraph | str | Path):
        keras_model = network
    program = inspect_compiled(
        found.compiled, pixel_range=how["pixel_range"], keras_model=keras_model, progress=progress
    )
    return replace(report, program=program)


def _load_target(name_or_path: str | Path) -> Sensor | BinaryProcessor:
    if name_or_path in processor_names():
        return load_processor(str(name_or_path))
    known = (*sensor_names(), TEMPLATE)
    if str(name_or_path) not in known and not os.path.isfile(name_or_path):
        raise unknown_sensor(name_or_path, (*sensor_names(), *processor_names()))
    return load_sensor(name_or_path)


def _report(network: QuantGraph, sensor: Sensor, found: Judged) -> FitReport:
    compiled = found.compiled
    layers = tuple(_row(op, found, sensor) for op in found.stage if isinstance(op, Weighted))
    words: Counter[str] = Counter()
    calls: Mapping[str, int] = {}
    if compiled is not None:
        words = sum((Counter(count) for count in compiled.icw.values()), Counter())
        calls = compiled.calls
    published = filter(None, [published_for(network.name, sensor.name)])
    estimated = [layer.estimated_icw for layer in layers if layer.estimated_icw]
    return FitReport(
        network=network.name,
        sensor=sensor.name,
        registers=f"{sensor.title}: {sensor.registers_text}",
        verdict=found.verdict,
        layers=layers,
        icw=compiled and compiled.total_icw,
        store_icw=compiled and compiled.store_icw,
        swapped_icw=compiled and compiled.swapped_icw,
        estimated_icw=sum(estimated) if estimated else None,
        calls=calls,
        moves={place: compiled.allocation.moves[place] for place in compiled.allocation.spills_to} if compiled else {},
        minimised=compiled and compiled.cost.minimised,
        latency_lower_bound_us=latency_lower_bound_us(words, calls, sensor) if compiled else None,
        energy_lower_bound_uj=energy_lower_bound_uj(words, sensor) if compiled else None,
        estimates=(*(estimates(words, calls, sensor) if compiled else ()), *map(published_estimate, published)),
        bits_read=_bits_read(compiled) + sum(layer.bits_read for layer in layers) if compiled else 0,
        raw_bits=sensor.raw_bits,
        raw_pixel_bits=sensor.adc_bits * sensor.pixel_channels,
        changes=found.changes,
        notes=(*found.notes, *(_program_notes(compiled, layers) if compiled else ())),
        not_judged=tuple(_not_judged(network, found)),
        unknown=(*unknown_overheads(calls, sensor), *_unknown_of(sensor)),
    )


def _row(op: Weighted, found: Judged, sensor: Sensor) -> LayerFit:
    if found.compiled is not None:
        return program_row(op, found.compiled)
    if op.name in on_controller(found.stage):
        return controller_row(op, sensor)
    return row_without_program(op, sensor, found.blamed.get(op.name, ()))


def _not_judged(network: QuantGraph, found: Judged) -> list[str]:
    """What has no verdict; a program proves that all of the network has one."""
    if found.compiled is not None:
        return []
    lines = list(unjudged_operations(network))
    if found.verdict is Verdict.NOT_JUDGED and not lines:
        lines.append(str(found.refusal).rstrip("."))
    return lines


def _bits_read(compiled: Compiled) -> int:
    """Bits of the values that are read out, and of the sums, bit by bit."""
    return sum(output.bits for output in compiled.array.outputs)


def _program_notes(compiled: Compiled, layers: tuple[LayerFit, ...]) -> list[str]:
    notes = []
    limit = compiled.sensor.code_store_icw
    stored = f"{compiled.store_icw:,}" + (f" of {limit:,}" if limit else "")
    notes.append(f"{stored} instruction words in the store, {compiled.calls['kernel_launch']:,} launches")
    if compiled.program.fills:
        notes.append(f"put into the store within the frame, in words: {compiled.swap_text}")
    names = {layer.name for layer in layers}
    beside = {name: sum(words.values()) for name, words in compiled.icw.items() if name not in names}
    if total := sum(beside.values()):
        parts = ", ".join(f"{name} {words:,}" for name, words in beside.items() if words)
        notes.append(f"{total:,} of the words are not in layers: {parts}")
    notes.append(f"of the programs that were tried, the one of least {compiled.cost.minimised} was taken")
    for place in compiled.allocation.spills_to:
        notes.append(f"spilled to the {place}, per frame: {compiled.allocation.moves[place].text}")
    for output in compiled.array.outputs:
        planes = counted(output.plane_count, "plane")
        notes.append(f"'{output.name}' is read out: {counted(output.bits, 'bit')} per frame in {planes}")
    return notes


def _unknown_of(sensor: Sensor) -> list[str]:
    unknown = [f"assumed: {assumption}" for assumption in sensor.assumptions]
    if sensor.clock_hz is None:
        unknown.append("clock: not known, so no times")
    if sensor.energy_per_cycle_nj is None:
        unknown.append("energy: clock or power not known")
    return unknown

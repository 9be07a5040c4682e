"""Judging a whole network on a sensor: costs by formulas, verdicts by programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from larq_focal.focal_plane.binary_processor import (
    BinaryProcessor,
    ProcessorFit,
    judge_network,
    load_processor,
    processor_names,
)
from larq_focal.focal_plane.calibration import published_for
from larq_focal.focal_plane.changes import changes_that_fit
from larq_focal.focal_plane.compiler.layer_program import LayerProgram, layer_program
from larq_focal.focal_plane.controller import Readout, on_controller, readouts
from larq_focal.focal_plane.counters import accumulator_bits
from larq_focal.focal_plane.judge import Judgement, judge
from larq_focal.focal_plane.layer import ConvLayer, conv_layer
from larq_focal.focal_plane.notes import layer_notes, unmodelled
from larq_focal.focal_plane.rate import (
    energy_lower_bound_uj,
    estimates,
    latency_lower_bound_us,
    published_estimate,
    unknown_overheads,
)
from larq_focal.focal_plane.registers import analog_needed, digital_needed, register_map
from larq_focal.focal_plane.report import FitReport, LayerFit, Need, ScheduleFit
from larq_focal.focal_plane.schedules import Plan
from larq_focal.focal_plane.sensor import TEMPLATE, Sensor, load_sensor, sensor_names, unknown_sensor
from larq_focal.focal_plane.steps import icw_by_class
from larq_focal.focal_plane.text import counted
from larq_focal.focal_plane.verdict import Verdict
from larq_focal.network.graph import QuantGraph
from larq_focal.network.load import as_graph
from larq_focal.network.ops import Linear

MOST_TAPS_COMPILED = 300  # fan-in times passes; more takes longer than a person waits for a verdict


def fit(
    network: Any,
    sensor: str | Path | Sensor | BinaryProcessor = "scamp5",
    with_program: bool = False,
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    keras_model: Any | None = None,
) -> FitReport | ProcessorFit:
    """Judges whether a network fits the registers of a focal-plane processor, or the structure of a binary processor.

    Convolutions run on the array; dense layers, and convolutions over the whole map, run on the controller, on what is
    read out for them. A convolution that fits by the formulas is compiled by itself, and its verdict is that of the
    program; notes tell where one is too large for that. Changes that would fit are found by the formulas alone.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file or
            a SavedModel folder.
        sensor: a sensor's name, the path of its YAML file, or a ``Sensor``; for the second kind the name of a
            processor such as "binareye", or a ``BinaryProcessor``.
        with_program: whether a network that is judged for a sensor is compiled too, its program run for one frame, and
            what it does told; this takes seconds.
        pixel_range: the network's input values for no light and for the brightest, for the program.
        keras_model: what the program is compared with too; ``network`` itself, where that is a Keras model.

    Raises:
        SensorError: the sensor is not known, or its file is at fault.
        TypeError: ``network`` is nothing of these.
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be read, or the network has no layer with weights.
    """
    target = sensor if isinstance(sensor, Sensor | BinaryProcessor) else _load_target(sensor)
    graph = as_graph(network)
    if not graph.layers:
        raise ValueError(f"'{graph.name}' has no convolution or dense layer: there is nothing to fit.")
    if isinstance(target, BinaryProcessor):
        return judge_network(graph, target)
    report = _fit_registers(graph, target)
    return _with_program(report, network, target, pixel_range, keras_model) if with_program else report


def _with_program(
    report: FitReport, network: Any, sensor: Sensor, pixel_range: tuple[float, float], keras_model: Any | None
) -> FitReport:
    """The report with what the program does, or with the reason why there is none."""
    # Imported here, because judging by formulas does not need the compiler.
    from larq_focal.focal_plane.compiler import RegisterError, StoreError, UnsupportedError
    from larq_focal.focal_plane.inspection import inspect_network

    try:
        program = inspect_network(network, sensor, pixel_range=pixel_range, keras_model=keras_model)
    except (RegisterError, StoreError, UnsupportedError) as error:
        return replace(report, notes=(*report.notes, f"no program: {error}"))
    return replace(report, program=program)


def _load_target(name_or_path: str | Path) -> Sensor | BinaryProcessor:
    if name_or_path in processor_names():
        return load_processor(str(name_or_path))
    known = (*sensor_names(), TEMPLATE)
    if str(name_or_path) not in known and not Path(name_or_path).is_file():
        raise unknown_sensor(name_or_path, (*sensor_names(), *processor_names()))
    return load_sensor(name_or_path)


def _fit_registers(graph: QuantGraph, sensor: Sensor) -> FitReport:
    read = readouts(graph, sensor)
    there = on_controller(graph)
    shapes = {op.name: conv_layer(graph, op) for op in graph.layers if op.name not in there}
    judged = {name: judge(layer, sensor) for name, layer in shapes.items()}
    programs = {name: _program(graph, layer, judged[name], sensor) for name, layer in shapes.items()}
    layers = tuple(
        _array_layer(op, shapes[op.name], judged[op.name], programs[op.name], sensor)
        if op.name in shapes
        else _controller_layer(op, read.get(op.name), sensor)
        for op in graph.layers
    )
    calls = sum((Counter(layer.calls) for layer in layers), Counter(read_plane=sum(r.planes for r in read.values())))
    steps = sum((Counter(layer.steps_icw) for layer in layers), Counter())
    words = icw_by_class(steps)
    published = filter(None, [published_for(graph.name, sensor.name)])
    complete = all(layer.icw is not None for layer in layers)
    left_out = [line for name, layer in shapes.items() for line in unmodelled(layer, judged[name])]
    not_understood = [f"'{op.name}': {op.kind} is not understood, and was not judged" for op in graph.unknown]
    return FitReport(
        network=graph.name,
        sensor=sensor.name,
        registers=f"{sensor.title}: {sensor.registers_text}",
        layers=layers,
        icw=steps.total() if complete else None,
        latency_lower_bound_us=latency_lower_bound_us(words, calls, sensor) if complete else None,
        energy_lower_bound_uj=energy_lower_bound_uj(words, sensor) if complete else None,
        estimates=(*(estimates(words, calls, sensor) if complete else ()), *map(published_estimate, published)),
        bits_read=sum(readout.bits for readout in read.values()),
        raw_bits=sensor.raw_bits,
        raw_pixel_bits=sensor.adc_bits * sensor.pixel_channels,
        notes=tuple(_network_notes(layers, steps.total(), read, sensor)),
        unknown=(*not_understood, *left_out, *unknown_overheads(calls, sensor), *_unknown_of(sensor)),
    )


def _program(graph: QuantGraph, layer: ConvLayer, judged: Judgement, sensor: Sensor) -> LayerProgram | None:
    """The program of a layer that fits by the formulas; None where it does not, or where it would take long."""
    if judged.verdict is Verdict.NO_FIT or layer.fan_in * judged.placement.passes > MOST_TAPS_COMPILED:
        return None
    return layer_program(graph, layer.name, sensor)


def _array_layer(
    op: Linear, layer: ConvLayer, judged: Judgement, program: LayerProgram | None, sensor: Sensor
) -> LayerFit:
    plan, placement = judged.plan, judged.placement
    uses = register_map(plan, sensor) if plan else ()
    digital, analog = sensor.digital, sensor.analog
    common = {
        "name": layer.name,
        "verdict": program.verdict if program else judged.verdict,
        "fan_in": layer.fan_in,
        "accumulator_bits": accumulator_bits(layer.fan_in) if plan else None,
        **_weight_fields(op, sensor),
        "maps_per_plane": placement.maps_per_plane if placement else 0,
        "map_planes": placement.output_planes if placement else None,
        "changes": changes_that_fit(layer, sensor, judged),
        "notes": (*layer_notes(layer, judged, sensor), *_program_notes(judged, program)),
    }
    if plan is None:
        return LayerFit(
            **common,
            schedule=None,
            digital=Need(None, digital.nominal, None, len(digital.holders)),
            analog=Need(None, analog.nominal, None, len(analog.storage)),
        )
    return LayerFit(
        **common,
        max_fan_in=plan.max_fan_in,
        schedule=plan.schedule,
        counter=plan.counter,
        digital=Need(digital_needed(uses, sensor), digital.nominal, len(plan.digital), len(digital.holders)),
        analog=Need(analog_needed(uses, sensor), analog.nominal, len(plan.analog), len(analog.storage)),
        registers=uses,
        **(_costs(plan, sensor) if plan.fits else {}),
        considered=tuple(
            ScheduleFit(
                schedule=other.schedule,
                counter=other.counter,
                icw=other.icw,
                max_fan_in=other.max_fan_in,
                held_digital=len(other.digital),
                held_analog=len(other.analog),
                reason="; ".join(other.reasons),
            )
            for other in judged.plans
        ),
    )


def _program_notes(judged: Judgement, program: LayerProgram | None) -> Iterator[str]:
    if program is None:
        if judged.verdict is not Verdict.NO_FIT:
            yield "judged by formula: a layer of this size is not compiled here"
    elif program.reason:
        yield f"no program: {program.reason}"
    else:
        yield f"compiled by itself to {counted(program.icw, 'instruction word')} and {program.used} digital registers"


def _costs(plan: Plan, sensor: Sensor) -> dict[str, Any]:
    words = icw_by_class(plan.steps_icw)
    return {
        "icw": plan.icw,
        "steps_icw": plan.steps_icw,
        "calls": plan.calls,
        "latency_lower_bound_us": latency_lower_bound_us(words, plan.calls, sensor),
        "energy_lower_bound_uj": energy_lower_bound_uj(words, sensor),
    }


def _controller_layer(op: Linear, readout: Readout | None, sensor: Sensor) -> LayerFit:
    note = "runs on the controller"
    if readout:
        note += (
            f", which reads {counted(readout.bits, 'bit')} per frame for it: {counted(readout.planes, 'plane')}, "
            f"{readout.planes * sensor.plane_bytes:,} bytes if read whole"
        )
    return LayerFit(
        name=op.name,
        verdict=Verdict.FIT,
        fan_in=op.kernel.fan_in,
        accumulator_bits=accumulator_bits(op.kernel.fan_in) if op.kernel.bits <= 2 else None,
        **_weight_fields(op, sensor),
        schedule="controller",
        digital=Need(0, sensor.digital.nominal, 0, len(sensor.digital.holders)),
        analog=Need(0, sensor.analog.nominal, 0, len(sensor.analog.storage)),
        icw=0,
        bits_read=readout.bits if readout else 0,
        notes=(note,),
    )


def _weight_fields(op: Linear, sensor: Sensor) -> dict[str, int]:
    """All weight bits of a layer, and the planes that they would fill: ternary weights take two."""
    planes = -(-op.kernel.size // sensor.plane_bits) * op.kernel.bits
    return {"weight_bits": op.kernel.size * op.kernel.bits, "weight_planes": planes}


def _network_notes(layers: tuple[LayerFit, ...], icw: int, read: dict[str, Readout], sensor: Sensor) -> list[str]:
    notes = []
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

"""Runs one frame of a program, and tells what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from larq_focal.focal_plane.inspection.live_ranges import live_ranges
from larq_focal.focal_plane.inspection.map_place import MapPlace
from larq_focal.focal_plane.inspection.program_report import Exactness, ProgramReport
from larq_focal.focal_plane.inspection.step_recorder import Region, StepRecorder
from larq_focal.focal_plane.machine import Program, Run, Simulator
from larq_focal.focal_plane.sensor.rate import estimates


def inspect_program(
    program: Program,
    simulator: Simulator,
    *,
    name: str = "program",
    image: np.ndarray | None = None,
    planes: Mapping[str, np.ndarray] | None = None,
    region: Region | None = None,
    maps: Sequence[MapPlace] = (),
    exactness: Sequence[Exactness] = (),
) -> ProgramReport:
    """Runs ``program`` once on ``simulator`` and records it.

    Args:
        program: as ``assemble`` gives it.
        simulator: whose registers the program finds as they are.
        name: what reports call the program.
        image: light on the pixels, ``[height, width]`` from 0 to 255; none by default.
        planes: truth values ``[height, width]`` by the names under which the program loads them.
        region: the part of the array to record, see ``StepRecorder``.
        maps: where values lie, if it is known.
        exactness: how the program compares with references, if it was compared.

    Raises:
        ProgramError: the program does not fit the sensor, or loads a plane that is not given.
        ValueError: the image has another size than the array, or the region is not within it.
    """
    if image is not None:
        simulator.expose(image)
    recorder = StepRecorder(simulator, region)
    run = simulator.run(program, planes, recorder)
    return report_of(program, simulator, run, recorder, name, maps, exactness)


def report_of(
    program: Program,
    simulator: Simulator,
    run: Run,
    recorder: StepRecorder,
    name: str,
    maps: Sequence[MapPlace] = (),
    exactness: Sequence[Exactness] = (),
) -> ProgramReport:
    """The report of a ``run`` of ``program`` on ``simulator``, which ``recorder`` has observed."""
    sensor = simulator.sensor
    ranges = live_ranges(program, simulator.instruction_set, sensor)
    digital, analog = ({life.register for life in ranges.lives if life.kind == kind} for kind in ("digital", "analog"))
    if digital & set(sensor.digital.propagation):  # they are written where the mask is 1
        digital.update(sensor.digital.mask)
    return ProgramReport(
        name=name,
        sensor=sensor.name,
        store_icw=run.store_icw,
        swapped_icw=run.swapped_icw,
        store_limit_icw=sensor.code_store_icw,
        icw=run.icw,
        instructions=run.instructions,
        calls=run.calls,
        live_ranges=ranges,
        used_digital=sensor.digital.count(tuple(digital)),
        nominal_digital=sensor.digital.nominal,
        used_analog=sensor.analog.count(tuple(analog)),
        nominal_analog=sensor.analog.nominal,
        usable_digital=len(sensor.digital.holders),
        usable_analog=len(sensor.analog.storage),
        maps=tuple(maps),
        exactness=tuple(exactness),
        estimates=estimates(run.icw, run.calls, sensor),
        stepping=recorder.to_dict(),
    )

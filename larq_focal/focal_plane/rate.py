"""Time and energy of a plan, as lower bounds: what is not published is left out and named."""

from __future__ import annotations

from collections.abc import Mapping

from larq_focal.focal_plane.sensor import Sensor
from larq_focal.focal_plane.steps import STEP_CLASS
from larq_focal.focal_plane.text import counted


def latency_lower_bound_us(steps_icw: Mapping[str, int], calls: Mapping[str, int], sensor: Sensor) -> float | None:
    """Microseconds of the instruction words and of the calls whose time is known; None where the clock is unknown."""
    if sensor.clock_hz is None:
        return None
    known = (sensor.overhead_us[call] * count for call, count in calls.items() if sensor.overhead_us[call] is not None)
    return _cycles(steps_icw, sensor) / sensor.clock_hz * 1e6 + sum(known)


def energy_lower_bound_uj(steps_icw: Mapping[str, int], sensor: Sensor) -> float | None:
    """Microjoules of the chip for the instruction words; None where the chip's power or clock is unknown."""
    if sensor.energy_per_cycle_nj is None:
        return None
    return _cycles(steps_icw, sensor) * sensor.energy_per_cycle_nj / 1e3


def unknown_overheads(calls: Mapping[str, int], sensor: Sensor) -> list[str]:
    """The calls whose time is unknown, with their number."""
    return [
        f"time of {call}: not published; at least {counted(count, 'call')} per frame left out of the time"
        for call, count in calls.items()
        if count and sensor.overhead_us[call] is None
    ]


def _cycles(steps_icw: Mapping[str, int], sensor: Sensor) -> float:
    return sum(count * sensor.cycles_per_icw[STEP_CLASS[step]] for step, count in steps_icw.items())

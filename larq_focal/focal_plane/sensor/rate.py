"""Time and energy of one frame: from counts as a lower bound, by calibrations, and as published.

What is not known is left out of the first two and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

from rich.table import Table
from rich.text import Text

from larq_focal.focal_plane.sensor.calibration import Calibration, Published
from larq_focal.focal_plane.sensor.sensor import Sensor
from larq_focal.tables import add_figures, add_name, heading, new_table
from larq_focal.text import MICROJOULES, MICROSECONDS, UNKNOWN, counted, in_one_unit

LOWER_BOUND, CALIBRATED, PUBLISHED = "lower bound", "calibrated", "published"
_LEFT_OUT_WIDTH = 36


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One answer to how long a frame takes and what energy it needs; what is not known is None.

    ``left_out`` are calls whose time is in none of the figures.
    """

    kind: Literal["lower bound", "calibrated", "published"]
    source: str
    latency_us: float | None
    frames_per_second: float | None
    chip_energy_uj: float | None
    system_energy_uj: float | None
    left_out: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "source": self.source,
            "latency_us": self.latency_us,
            "frames_per_second": self.frames_per_second,
            "chip_energy_uj": self.chip_energy_uj,
            "system_energy_uj": self.system_energy_uj,
            "left_out": list(self.left_out),
        }


def estimates_table(estimates: tuple[Estimate, ...]) -> Table:
    """Time and energy of one frame, an estimate a row."""
    time, times = in_one_unit([estimate.latency_us for estimate in estimates], MICROSECONDS)
    energies = [energy for each in estimates for energy in (each.chip_energy_uj, each.system_energy_uj)]
    energy, energies = in_one_unit(energies, MICROJOULES)
    table = new_table()
    add_name(table, "one frame")
    add_figures(table, heading("time", time), "frames\nper second", heading("chip", energy), heading("system", energy))
    for estimate, latency, chip, system in zip(estimates, times, energies[::2], energies[1::2], strict=True):
        name = estimate.kind if estimate.kind == "lower bound" else f"{estimate.kind}: {estimate.source}"
        left_out = f"without {', '.join(estimate.left_out)}" if estimate.left_out else ""
        lines = "".join(f"\n  {line}" for line in wrap(left_out, _LEFT_OUT_WIDTH))
        rate = UNKNOWN if estimate.frames_per_second is None else f"{estimate.frames_per_second:,.0f}"
        table.add_row(Text.assemble(name, (lines, "dim")), latency, rate, chip, system)
    return table


def estimates(icw: Mapping[str, int], calls: Mapping[str, int], sensor: Sensor) -> tuple[Estimate, ...]:
    """The lower bound, and one estimate for each calibration of the sensor.

    Args:
        icw: instruction words by clock class, as ``Run.icw`` of the simulator gives them.
        calls: calls of the controller by the sensor's overheads, as ``Run.calls``.
        sensor: the sensor; without a clock rate it gives no estimate.
    """
    if sensor.clock_hz is None:
        return ()
    calibrated = (_calibrated(icw, calls, sensor, calibration) for calibration in sensor.calibrations)
    return _lower_bound(icw, calls, sensor), *calibrated


def published_estimate(published: Published) -> Estimate:
    """What is published of a network, as it stands."""
    return Estimate(
        kind=PUBLISHED,
        source=published.title,
        latency_us=published.latency_us,
        frames_per_second=published.frames_per_second,
        chip_energy_uj=None,
        system_energy_uj=published.system_energy_uj,
    )


def latency_lower_bound_us(icw: Mapping[str, int], calls: Mapping[str, int], sensor: Sensor) -> float | None:
    """Microseconds of the instruction words and of the calls whose time is known; None where the clock is unknown."""
    if sensor.clock_hz is None:
        return None
    known = (sensor.overhead_us[call] * count for call, count in calls.items() if sensor.overhead_us[call] is not None)
    return _cycles(icw, sensor) / sensor.clock_hz * 1e6 + sum(known)


def energy_lower_bound_uj(icw: Mapping[str, int], sensor: Sensor) -> float | None:
    """Microjoules of the chip for the instruction words; None where the chip's power or clock is unknown."""
    if sensor.energy_per_cycle_nj is None:
        return None
    return _cycles(icw, sensor) * sensor.energy_per_cycle_nj / 1e3


def unknown_overheads(calls: Mapping[str, int], sensor: Sensor) -> list[str]:
    """The calls whose time is unknown, with their number."""
    return [
        f"time of {call}: not published; at least {counted(count, 'call')} per frame left out of the time"
        for call, count in calls.items()
        if count and sensor.overhead_us[call] is None
    ]


def _lower_bound(icw: Mapping[str, int], calls: Mapping[str, int], sensor: Sensor) -> Estimate:
    latency_us = latency_lower_bound_us(icw, calls, sensor)
    return Estimate(
        kind=LOWER_BOUND,
        source="instruction words, and calls of published time",
        latency_us=latency_us,
        frames_per_second=_frames_per_second(latency_us),
        chip_energy_uj=energy_lower_bound_uj(icw, sensor),
        system_energy_uj=_energy_uj(latency_us, sensor.system_power_w),
        left_out=tuple(call for call, count in calls.items() if count and sensor.overhead_us[call] is None),
    )


def _calibrated(icw: Mapping[str, int], calls: Mapping[str, int], sensor: Sensor, calibration: Calibration) -> Estimate:
    """Calls that the calibration does not tell take the sensor's own published time, where there is one."""
    others = Counter({call: count for call, count in calls.items() if count and not calibration.tells(call)})
    latency_us = calibration.latency_us(sum(icw.values()), calls, sensor.clock_hz)
    latency_us += latency_lower_bound_us({}, others, sensor)
    return Estimate(
        kind=CALIBRATED,
        source=calibration.name,
        latency_us=latency_us,
        frames_per_second=_frames_per_second(latency_us),
        chip_energy_uj=_energy_uj(latency_us, sensor.chip_power_w),
        system_energy_uj=_energy_uj(latency_us, sensor.system_power_w),
        left_out=tuple(call for call in others if sensor.overhead_us[call] is None),
    )


def _frames_per_second(latency_us: float | None) -> float | None:
    """One frame after another, without exposure."""
    return 1e6 / latency_us if latency_us else None


def _energy_uj(latency_us: float | None, power_w: float | None) -> float | None:
    return None if latency_us is None or power_w is None else latency_us * power_w


def _cycles(icw: Mapping[str, int], sensor: Sensor) -> float:
    return sum(count * sensor.cycles_per_icw[clock_class] for clock_class, count in icw.items())

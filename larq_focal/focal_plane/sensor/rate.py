"""Time and energy of one frame: from counts as a lower bound, by calibrations, and as published.

What is not known is left out of the first two and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from larq_focal.focal_plane.sensor.calibration import Calibration, Published
from larq_focal.focal_plane.sensor.keys import FILL, PROPAGATION
from larq_focal.focal_plane.sensor.sensor import Sensor
from larq_focal.text import counted
from larq_focal.verdicts.estimate import CALIBRATED, LOWER_BOUND, PUBLISHED, Estimate


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


def longest_us(icw: Mapping[str, int], calls: Mapping[str, int], sensor: Sensor) -> float | None:
    """Microseconds of one frame to compare programs by, rather too long; None for a sensor without a calibration.

    Calls that the first calibration does not tell, floods, whose time it cannot tell from others', and launches beyond
    those that it holds take as long as the longest call that it does tell. Fills of the store, which put up to all of
    its words there, surely take longer; they are left out, unless their time is known.
    """
    estimate = next((e for e in estimates(icw, calls, sensor) if e.kind == CALIBRATED), None)
    if estimate is None:
        return None
    longest = max(sensor.calibrations[0].overhead_us.values(), default=0)
    untold = sum(calls[name] for name in estimate.left_out if name != FILL) + icw.get(PROPAGATION, 0)
    return estimate.latency_us + (estimate.beyond_us or 0) + longest * untold


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
        beyond_us=calibration.beyond_us(calls),
    )


def _frames_per_second(latency_us: float | None) -> float | None:
    """One frame after another, without exposure."""
    return 1e6 / latency_us if latency_us else None


def _energy_uj(latency_us: float | None, power_w: float | None) -> float | None:
    return None if latency_us is None or power_w is None else latency_us * power_w


def _cycles(icw: Mapping[str, int], sensor: Sensor) -> float:
    return sum(count * sensor.cycles_per_icw[clock_class] for clock_class, count in icw.items())

"""The state of a machine that makes or breaks a timing: clock, temperature, throttling, other work."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, process_time

from larq_focal.deploy.sysfiles import ask_firmware, fields, number, text

HOT_C = 80.0
"""Where Raspberry Pis begin to slow down."""
_CLOCK_MOVED = 0.02
_WARMED_C = 5.0
_TOLERATED_CORES = 0.1
_SHORTEST_SECONDS = 0.2  # the kernel counts in hundredths
_CPUS = "sys/devices/system/cpu"
# https://www.raspberrypi.com/documentation/computers/os.html, "get_throttled"; each bit stands again 16 places higher
# for what has been the case since the board was switched on.
_THROTTLING = {
    0: ("the supply voltage is too low", "the supply voltage was too low"),
    1: ("the clock is capped", "the clock was capped"),
    2: ("the processor is throttled", "the processor was throttled"),
    3: ("the soft temperature limit is reached", "the soft temperature limit was reached"),
}
_SINCE_BOOT = 16


@dataclass(frozen=True)
class State:
    """The machine at one moment; None where it does not tell.

    ``clock_mhz`` is that of the fastest core, ``temperature_c`` that of the hottest sensor, ``throttled`` the flags of
    a Raspberry Pi's firmware.
    """

    clock_mhz: float | None = None
    governor: str | None = None
    temperature_c: float | None = None
    throttled: int | None = None


def read_state(root: str | Path = "/") -> State:
    """The state of this machine.

    Args:
        root: folder under which ``proc`` and ``sys`` lie.
    """
    root = Path(root)
    return State(
        clock_mhz=_clock_mhz(root),
        governor=governor(root),
        temperature_c=temperature_c(root),
        throttled=_throttled(root),
    )


class OtherWork:
    """How many cores the rest of the machine keeps busy from now on.

    Args:
        root: folder under which ``proc`` lies.
    """

    def __init__(self, root: str | Path = "/"):
        self._stat = Path(root) / "proc/stat"
        self._started, self._busy_s, self._own_s = monotonic(), _busy_seconds(self._stat), process_time()

    def cores(self) -> float | None:
        """The average until now; None where the machine does not tell, or after less than a fifth of a second."""
        seconds, busy_s = monotonic() - self._started, _busy_seconds(self._stat)
        if busy_s is None or self._busy_s is None or seconds < _SHORTEST_SECONDS:
            return None
        return max(0.0, busy_s - self._busy_s - (process_time() - self._own_s)) / seconds


def _busy_seconds(stat: Path) -> float | None:
    """What all cores have worked since the machine was switched on, and what a host took from them.

    https://docs.kernel.org/filesystems/proc.html: user, nice, system, idle, iowait, irq, softirq, steal.
    """
    words = (text(stat) or "").partition("\n")[0].split()
    if len(words) < 9 or words[0] != "cpu" or not all(word.isdigit() for word in words[1:9]):
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, words[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def governor(root: Path) -> str | None:
    """What chooses the clock of the first core."""
    return text(root / _CPUS / "cpu0/cpufreq/scaling_governor")


def temperature_c(root: Path) -> float | None:
    """Of the hottest sensor."""
    readings = [number(path) for path in (root / "sys/devices/virtual/thermal").glob("thermal_zone*/temp")]
    degrees = [reading / 1000 for reading in readings if reading is not None]
    return round(max(degrees), 1) if degrees else None


def disturbances(before: State, after: State, threads: int, cores: int, others: float | None = None) -> list[str]:
    """What made the figures doubtful between two moments, in sentences; ``others`` is the cores of ``OtherWork``."""
    notes = []
    if before.governor not in (None, "performance"):
        notes.append(
            f"The clock varies with the work (governor '{before.governor}'): sudo cpupower frequency-set -g performance"
        )
    if before.clock_mhz and after.clock_mhz:
        change = after.clock_mhz / before.clock_mhz - 1
        if abs(change) > _CLOCK_MOVED:
            notes.append(f"The clock moved from {before.clock_mhz:.0f} to {after.clock_mhz:.0f} MHz.")
    if before.temperature_c is not None and after.temperature_c is not None:
        if after.temperature_c - before.temperature_c > _WARMED_C:
            notes.append(
                f"The processor warmed from {before.temperature_c:.0f} to {after.temperature_c:.0f} °C: "
                "let it run longer, or cool it."
            )
        hottest = max(before.temperature_c, after.temperature_c)
        if hottest >= HOT_C:
            notes.append(f"The processor is at {hottest:.0f} °C, where it may slow down: cool it.")
    notes += _throttling_notes(before.throttled or 0, after.throttled or 0)
    if others is not None and others + threads > cores + _TOLERATED_CORES:
        notes.append(f"Other work kept {others:.1f} of the {cores} cores busy meanwhile.")
    return notes


def _throttling_notes(before: int, after: int) -> list[str]:
    notes = []
    for bit, (now, once) in _THROTTLING.items():
        sticky = bit + _SINCE_BOOT
        if (before | after) >> bit & 1 or (after & ~before) >> sticky & 1:
            notes.append(f"During the timing, {once if not after >> bit & 1 else now}.")
        elif before >> sticky & 1:
            notes.append(f"Since it was switched on, {once}.")
    return notes


def _clock_mhz(root: Path) -> float | None:
    """As a Raspberry Pi's firmware measures it, as the kernel sets it, or as an x86 processor counts it."""
    measured = _firmware_value("measure_clock", "arm") if root == Path("/") else None
    if measured and measured.isdigit():
        return round(int(measured) / 1e6, 1)
    clocks_khz = [number(path) for path in (root / _CPUS).glob("cpu[0-9]*/cpufreq/scaling_cur_freq")]
    if set_khz := [clock for clock in clocks_khz if clock]:
        return round(max(set_khz) / 1000, 1)
    try:
        return round(float(fields(root / "proc/cpuinfo")["cpu MHz"]), 1)
    except (KeyError, ValueError):
        return None


def _throttled(root: Path) -> int | None:
    """The flags of a Raspberry Pi: from its tool, else from its kernel, which keeps the last that it was told."""
    answers = [_firmware_value("get_throttled")] if root == Path("/") else []
    answers += [text(path) for path in sorted(root.glob("sys/devices/platform/soc*/soc*:firmware/get_throttled"))]
    for answer in answers:
        try:
            return int(answer or "", 16)
        except ValueError:
            continue
    return None


def _firmware_value(*question: str) -> str | None:
    """What stands behind the "=" of the answer of a Raspberry Pi's firmware."""
    return (ask_firmware(*question) or "").partition("=")[2] or None

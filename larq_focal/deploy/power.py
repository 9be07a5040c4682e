"""The power that a machine draws, where it has a sensor: an INA chip, a Raspberry Pi 5's regulator, RAPL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from larq_focal.deploy.sysfiles import ask_firmware, number, text

_REGULATOR_RAIL = re.compile(r"(\w+)_([AV]) (?:current|volt)\(\d+\)=(\d+\.?\d*)[AV]")


@dataclass
class PowerMeter:
    """Averages the power between ``start`` and ``stop``.

    ``source`` names the sensors. What they measure is a matter of where they are: a processor's RAPL leaves the rest of
    the board out, a regulator what is fed past it.
    """

    source: str
    watts_now: Callable[[], float] | None = None
    joules_since: Callable[[], Callable[[], float]] | None = None
    seconds_between: float = 0.02
    _readings: list[float] = field(default_factory=list)
    _started: float = 0.0
    _last: float = 0.0
    _joules: Callable[[], float] | None = None

    def start(self) -> None:
        self._readings.clear()
        self._started, self._last = monotonic(), 0.0
        self._joules = self.joules_since() if self.joules_since else None

    def sample(self) -> None:
        """Reads the sensor, unless it was read just now. Called between inferences."""
        if self.watts_now and monotonic() - self._last >= self.seconds_between:
            self._readings.append(self.watts_now())
            self._last = monotonic()

    def stop(self) -> float | None:
        """Watts on average, or None where nothing was read."""
        if self._joules:
            seconds = monotonic() - self._started
            return self._joules() / seconds if seconds > 0 else None
        return sum(self._readings) / len(self._readings) if self._readings else None


def find_power_meter(root: str | Path = "/") -> PowerMeter | None:
    """The power meter of this machine, or None. Sensors on the board come before those in the processor.

    Args:
        root: folder under which ``sys`` lies.
    """
    root = Path(root)
    return _ina(root) or (_regulator() if root == Path("/") else None) or _rapl(root)


def _ina(root: Path) -> PowerMeter | None:
    """Texas Instruments' INA219, INA226, INA260, INA3221 and others of the name, all of them together.

    Units of https://docs.kernel.org/hwmon/sysfs-interface.html: µW, mV, mA.
    """
    chips = [path for path in sorted(root.glob("sys/class/hwmon/hwmon*")) if (text(path / "name") or "")[:3] == "ina"]
    chips = [chip for chip in chips if _chip_watts(chip) is not None]
    if not chips:
        return None
    names = ", ".join(text(chip / "name") for chip in chips)
    return PowerMeter(names, watts_now=lambda: sum(_chip_watts(chip) or 0.0 for chip in chips))


def _chip_watts(chip: Path) -> float | None:
    powers = [number(path) for path in chip.glob("power*_input")]
    if powers and None not in powers:
        return sum(powers) / 1e6
    watts = []
    for current in chip.glob("curr*_input"):
        channel = current.name.removeprefix("curr").removesuffix("_input")
        milliamperes, millivolts = number(current), number(chip / f"in{channel}_input")
        if milliamperes is not None and millivolts is not None:
            watts.append(milliamperes * millivolts / 1e6)
    return sum(watts) if watts else None


def _regulator() -> PowerMeter | None:
    """The rails of a Raspberry Pi 5's regulator, current times voltage, without what USB and the fan take.

    ``vcgencmd pmic_read_adc``, https://www.raspberrypi.com/documentation/computers/os.html
    """
    if _regulator_watts() is None:
        return None
    # Asking starts a process, which must not become what is measured.
    return PowerMeter("PMIC", watts_now=lambda: _regulator_watts() or 0.0, seconds_between=0.25)


def _regulator_watts() -> float | None:
    rails: dict[str, dict[str, float]] = {}
    for rail, unit, value in _REGULATOR_RAIL.findall(ask_firmware("pmic_read_adc") or ""):
        rails.setdefault(rail, {})[unit] = float(value)
    watts = [rail["A"] * rail["V"] for rail in rails.values() if rail.keys() == {"A", "V"}]
    return sum(watts) if watts else None


def _rapl(root: Path) -> PowerMeter | None:
    """The energy counters of all processor packages, which only root may read on most systems.

    https://docs.kernel.org/power/powercap/powercap.html
    """
    packages = [path for path in sorted(root.glob("sys/class/powercap/intel-rapl:*")) if path.name.count(":") == 1]
    packages = [path for path in packages if number(path / "energy_uj") is not None]
    if not packages:
        return None

    def since() -> Callable[[], float]:
        started = [number(path / "energy_uj") or 0 for path in packages]

        def joules() -> float:
            used = 0
            for path, start in zip(packages, started, strict=True):
                now = number(path / "energy_uj") or 0
                wrapped = (number(path / "max_energy_range_uj") or 0) if now < start else 0
                used += now - start + wrapped
            return used / 1e6

        return joules

    return PowerMeter(f"RAPL ({', '.join(text(path / 'name') or path.name for path in packages)})", joules_since=since)

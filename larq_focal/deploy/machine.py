"""What machine this is and in what state, from the files of Linux; elsewhere what Python knows."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

# https://github.com/torvalds/linux/blob/master/arch/arm64/include/asm/cputype.h: cores of the Raspberry Pis
_ARM_CORES = {
    "0xb76": "ARM1176",
    "0xc07": "Cortex-A7",
    "0xd03": "Cortex-A53",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
}
# https://www.raspberrypi.com/documentation/computers/os.html, "get_throttled"
_THROTTLING = {
    0: "the supply voltage is too low",
    1: "the clock is capped",
    2: "the processor is throttled",
    3: "the soft temperature limit is reached",
    16: "the supply voltage was too low",
    17: "the clock was capped",
    18: "the processor was throttled",
    19: "the soft temperature limit was reached",
}


def describe_machine(root: str | Path = "/") -> dict[str, str | int | float | None]:
    """The machine that this runs on.

    Args:
        root: folder under which ``proc``, ``sys`` and ``etc`` lie.

    Returns:
        "cpu", "architecture", "cores", "memory_gib", "system", "python", and "board", "governor", "temperature_c"
        (the hottest sensor), which are None where the machine does not tell.
    """
    root = Path(root)
    return {
        "cpu": _cpu(root) or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory_gib": _memory_gib(root),
        "system": _system(root),
        "python": platform.python_version(),
        "board": _text(root / "proc/device-tree/model"),
        "governor": _text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "temperature_c": _temperature_c(root),
    }


def throttling() -> tuple[str, ...]:
    """What slows a Raspberry Pi down, or has since it was switched on; empty on other machines."""
    command = shutil.which("vcgencmd")
    if command is None:
        return ()
    try:
        answer = subprocess.run(
            [command, "get_throttled"], capture_output=True, text=True, timeout=5, check=True
        ).stdout
        flags = int(answer.strip().partition("=")[2], 16)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()
    return tuple(text for bit, text in _THROTTLING.items() if flags >> bit & 1)


def load() -> float:
    """Processes that ran or wanted to, averaged over the last minute; 0 where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip(" \0\n") or None
    except OSError:
        return None


def _fields(path: Path) -> dict[str, str]:
    """``key : value`` or ``key=value`` lines; of repeated keys the first."""
    fields: dict[str, str] = {}
    for line in (_text(path) or "").splitlines():
        key, separator, value = line.partition("=" if "=" in line.partition(":")[0] else ":")
        if separator:
            fields.setdefault(key.strip(), value.strip().strip('"'))
    return fields


def _cpu(root: Path) -> str | None:
    """The model name; on ARM, where the kernel gives numbers, the name of the core."""
    info = _fields(root / "proc/cpuinfo")
    part = info.get("CPU part", "").lower()
    if info.get("CPU implementer") == "0x41" and part:
        return f"ARM {_ARM_CORES.get(part, f'core {part}')}"
    return info.get("model name")


def _memory_gib(root: Path) -> float | None:
    words = _fields(root / "proc/meminfo").get("MemTotal", "").split()
    return round(int(words[0]) / 2**20, 1) if words and words[0].isdigit() else None


def _system(root: Path) -> str:
    kernel = f"{platform.system()} {platform.release()}"
    name = _fields(root / "etc/os-release").get("PRETTY_NAME")
    return f"{name}, {kernel}" if name else kernel


def _temperature_c(root: Path) -> float | None:
    readings = [_text(path) for path in (root / "sys/devices/virtual/thermal").glob("thermal_zone*/temp")]
    degrees = [int(reading) / 1000 for reading in readings if reading and reading.lstrip("-").isdigit()]
    return round(max(degrees), 1) if degrees else None

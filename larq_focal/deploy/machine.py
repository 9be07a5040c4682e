"""What machine this is, from the files of Linux; elsewhere what Python knows."""

from __future__ import annotations

import os
import platform
import threading
from pathlib import Path

from larq_focal.deploy.state import governor, temperature_c
from larq_focal.deploy.sysfiles import fields, text

# https://github.com/torvalds/linux/blob/master/arch/arm64/include/asm/cputype.h: cores of the Raspberry Pis
_ARM_CORES = {
    "0xb76": "ARM1176",
    "0xc07": "Cortex-A7",
    "0xd03": "Cortex-A53",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
}
# What makes binary and int8 networks fast, under the names of /proc/cpuinfo.
_FEATURES = (
    *("popcnt", "avx2", "avx512f", "avx512_vnni", "avx512_vpopcntdq"),
    *("neon", "asimd", "asimdhp", "asimddp", "i8mm", "sve"),
)


def describe_machine(root: str | Path = "/") -> dict[str, str | int | float | None]:
    """The machine that this runs on.

    Args:
        root: folder under which ``proc``, ``sys`` and ``etc`` lie.

    Returns:
        "cpu", "architecture", "cores", "memory_gib", "system", "python", and "board", "features" (of the processor),
        "emulator", "governor", "temperature_c" (the hottest sensor), which are None where the machine does not tell.
    """
    root = Path(root)
    emulated_by = emulator(root)
    # Emulators show programs the description of the processor that they themselves run on.
    cpu, features = (None, None) if emulated_by else (_cpu(root) or platform.processor(), _features(root))
    return {
        "cpu": cpu or platform.machine(),
        "architecture": platform.machine(),
        "cores": os.cpu_count() or 1,
        "memory_gib": _memory_gib(root),
        "system": _system(root),
        "python": platform.python_version(),
        "board": text(root / "proc/device-tree/model"),
        "features": features,
        "emulator": emulated_by,
        "governor": governor(root),
        "temperature_c": temperature_c(root),
    }


def emulator(root: str | Path = "/") -> str | None:
    """The program that pretends to be this processor, as "qemu-aarch64", or None for a real one.

    An emulated processor computes the right results in a time that says nothing.

    Args:
        root: folder under which ``proc`` lies.
    """
    info = fields(Path(root) / "proc/cpuinfo")
    name = info.get("model name", "")
    if "TCG" in name:
        return f"QEMU ({name})"
    if "VirtualApple" in name:
        return f"Rosetta ({name})"
    # QEMU's user mode shows programs a map of their memory without itself, but only in /proc/self/maps.
    task_maps = Path(root) / f"proc/self/task/{threading.get_native_id()}/maps"
    for line in (text(task_maps) or "").splitlines():
        mapped = line.rpartition("/")[2]
        if mapped.startswith("qemu-"):
            return mapped.removesuffix("-static")
    if platform.machine() == "aarch64" and "vendor_id" in info:  # what x86 has there, and ARM has not
        return f"an emulator on {name or info['vendor_id']}"
    return None


def _cpu(root: Path) -> str | None:
    """The model name; on ARM, where the kernel gives numbers, the name of the core."""
    info = fields(root / "proc/cpuinfo")
    part = info.get("CPU part", "").lower()
    if info.get("CPU implementer") == "0x41" and part:
        return f"ARM {_ARM_CORES.get(part, f'core {part}')}"
    return info.get("model name")


def _features(root: Path) -> str | None:
    info = fields(root / "proc/cpuinfo")
    flags = set((info.get("flags") or info.get("Features") or "").split())
    return " ".join(feature for feature in _FEATURES if feature in flags) or None


def _memory_gib(root: Path) -> float | None:
    words = fields(root / "proc/meminfo").get("MemTotal", "").split()
    return round(int(words[0]) / 2**20, 1) if words and words[0].isdigit() else None


def _system(root: Path) -> str:
    kernel = f"{platform.system()} {platform.release()}"
    name = fields(root / "etc/os-release").get("PRETTY_NAME")
    return f"{name}, {kernel}" if name else kernel

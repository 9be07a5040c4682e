"""Machines are described from their files, whatever of these is missing."""

from __future__ import annotations

import platform
import threading

import pytest

from larq_focal.deploy.machine import describe_machine, emulator
from tests.deploy.boards import RASPBERRY_PI_4, RASPBERRY_PI_5, written

DESKTOP = {
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7B13\ncpu MHz\t\t: 2450.0\n",
    "proc/meminfo": "MemTotal:       16384000 kB\n",
}


def described(folder, files: dict[str, str]) -> dict:
    return describe_machine(written(folder, files))


def test_a_raspberry_pi_4(tmp_path):
    machine = described(tmp_path, RASPBERRY_PI_4)
    assert machine["board"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert machine["cpu"] == "ARM Cortex-A72"
    assert machine["memory_gib"] == 3.7
    assert machine["system"].startswith("Debian GNU/Linux 12 (bookworm), ")
    assert machine["governor"] == "ondemand"
    assert machine["temperature_c"] == 51.6
    assert machine["features"] == "asimd"
    assert machine["emulator"] is None


def test_a_raspberry_pi_5(tmp_path):
    machine = described(tmp_path, RASPBERRY_PI_5)
    assert machine["board"] == "Raspberry Pi 5 Model B Rev 1.0"
    assert machine["cpu"] == "ARM Cortex-A76"
    assert machine["features"] == "asimd asimdhp asimddp"


def test_a_desktop(tmp_path):
    machine = described(tmp_path, DESKTOP)
    assert machine["cpu"] == "AMD EPYC 7B13"
    assert machine["memory_gib"] == 15.6
    assert [machine[name] for name in ("board", "governor", "temperature_c")] == [None, None, None]


def test_an_unknown_arm_core_keeps_its_number(tmp_path):
    files = {"proc/cpuinfo": "CPU implementer\t: 0x41\nCPU part\t: 0xd99\n"}
    assert described(tmp_path, files)["cpu"] == "ARM core 0xd99"


def test_a_machine_that_tells_nothing(tmp_path):
    machine = describe_machine(tmp_path)
    assert machine["cpu"]
    assert machine["architecture"] == platform.machine()
    assert machine["python"] == platform.python_version()
    assert machine["cores"] >= 1
    assert machine["memory_gib"] is None


def test_odd_contents_are_passed_over(tmp_path):
    files = {"proc/meminfo": "MemTotal:\n", "sys/devices/virtual/thermal/thermal_zone0/temp": "hot\n"}
    machine = described(tmp_path, files | {"proc/device-tree/model": "\0"})
    assert [machine[name] for name in ("memory_gib", "temperature_c", "board")] == [None, None, None]


def test_this_machine():
    machine = describe_machine()
    assert list(machine) == [
        *("cpu", "architecture", "cores", "memory_gib", "system", "python", "board", "features", "emulator"),
        *("governor", "temperature_c"),
    ]
    assert emulator() is None


EMULATED = {
    "a whole machine in software": ({"proc/cpuinfo": "model name\t: QEMU TCG CPU version 2.5+\n"}, "QEMU (QEMU TCG"),
    "Rosetta": ({"proc/cpuinfo": "model name\t: VirtualApple @ 2.50GHz\n"}, "Rosetta (VirtualApple"),
    "a program": (
        {f"proc/self/task/{threading.get_native_id()}/maps": "55d0-55d1 r-xp 00 00:1f 12   /usr/bin/qemu-arm-static\n"},
        "qemu-arm",
    ),
}


@pytest.mark.parametrize("name", EMULATED)
def test_emulators_give_themselves_away(name, tmp_path):
    files, expected = EMULATED[name]
    machine = described(tmp_path, DESKTOP | files)
    assert machine["emulator"].startswith(expected)
    assert machine["cpu"] == platform.machine(), "the description is that of the processor underneath"


def test_a_map_with_odd_names_is_no_emulator(tmp_path):
    maps = {
        f"proc/self/task/{threading.get_native_id()}/maps": "55d0-55d1 r-xp 00 00:1f 12   /qemu-fan/python\n\n[heap]"
    }
    assert described(tmp_path, DESKTOP | maps)["emulator"] is None

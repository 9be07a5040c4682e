"""Machines are described from their files, whatever of these is missing."""

from __future__ import annotations

import platform

import pytest

from larq_focal.deploy.machine import describe_machine, load, throttling

RASPBERRY_PI_4 = {
    "proc/cpuinfo": (
        "processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd08\n\n"
        "processor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n"
    ),
    "proc/meminfo": "MemTotal:        3884400 kB\nMemFree:          100000 kB\n",
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n',
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n",
    "sys/devices/virtual/thermal/thermal_zone0/temp": "48199\n",
    "sys/devices/virtual/thermal/thermal_zone1/temp": "51608\n",
}
DESKTOP = {
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7B13\ncpu MHz\t\t: 2450.0\n",
    "proc/meminfo": "MemTotal:       16384000 kB\n",
}


def described(folder, files: dict[str, str]) -> dict:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return describe_machine(folder)


def test_a_raspberry_pi(tmp_path):
    machine = described(tmp_path, RASPBERRY_PI_4)
    assert machine["board"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert machine["cpu"] == "ARM Cortex-A72"
    assert machine["memory_gib"] == 3.7
    assert machine["system"].startswith("Debian GNU/Linux 12 (bookworm), ")
    assert machine["governor"] == "ondemand"
    assert machine["temperature_c"] == 51.6


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
        *("cpu", "architecture", "cores", "memory_gib", "system", "python", "board", "governor", "temperature_c")
    ]
    assert load() >= 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("throttled=0x0", ()),
        ("throttled=0x50005", ("the supply voltage is too low", "the processor is throttled")),
        ("throttled=0x40000", ("the processor was throttled",)),
        ("error", ()),
    ],
)
def test_throttling_of_a_raspberry_pi(answer, expected, tmp_path, monkeypatch):
    command = tmp_path / "vcgencmd"
    command.write_text(f'#!/bin/sh\n[ "$1" = get_throttled ] && echo "{answer}"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert throttling()[: len(expected)] == expected
    assert bool(throttling()) == bool(expected)


def test_other_machines_do_not_throttle(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert throttling() == ()

"""Emulated microcontrollers for the tests that need one."""

from __future__ import annotations

from larq_focal.mcu.emulator import MICROCONTROLLERS, Microcontroller
from tests.support.requirements import require


def emulated(name: str) -> Microcontroller:
    """One of ``MICROCONTROLLERS``; the running test is skipped where its compiler or emulator is missing."""
    machine = MICROCONTROLLERS[name]
    require(machine.missing_packages())
    return machine

"""Emulated microcontrollers for the tests that need one."""

from __future__ import annotations

from tests.support.requirements import require
from tools.microcontrollers import MICROCONTROLLERS, Microcontroller


def emulated(name: str) -> Microcontroller:
    """One of ``MICROCONTROLLERS``; the running test is skipped where its compiler or emulator is missing."""
    machine = MICROCONTROLLERS[name]
    require(machine.missing_packages())
    return machine

"""Emulated microcontrollers, and the C compiler of this machine, for the tests that need one."""

from __future__ import annotations

from larq_focal.mcu.emulator import MICROCONTROLLERS, Microcontroller
from larq_focal.mcu.host import NoCompiler, compiler
from tests.support.requirements import require


def host_compiler() -> str:
    """The C compiler of this machine; the running test is skipped where there is none."""
    try:
        return compiler()
    except NoCompiler:
        require(["gcc"])
        raise


def emulated(name: str) -> Microcontroller:
    """One of ``MICROCONTROLLERS``; the running test is skipped where its compiler or emulator is missing."""
    machine = MICROCONTROLLERS[name]
    require(machine.missing_packages())
    return machine

"""The registers of a sensor by their duties."""

from __future__ import annotations

from dataclasses import dataclass

from larq_focal.focal_plane.sensor.sensor_file import Section

LARGEST_ANALOG = 8191  # four registers are added before they saturate, in 16 bits


@dataclass(frozen=True, kw_only=True)
class DigitalRegisters:
    """One-bit registers by duty, see ``sensors/template.yaml``; counts leave out the ``uncounted`` ones."""

    mask: tuple[str, ...]
    direction: tuple[str, ...]
    propagation: tuple[str, ...]
    free: tuple[str, ...]
    flag: tuple[str, ...]
    uncounted: tuple[str, ...]

    @property
    def holders(self) -> tuple[str, ...]:
        """Registers that can hold a plane while others are shifted."""
        return self.free + self.propagation

    @property
    def all(self) -> tuple[str, ...]:
        return self.mask + self.direction + self.holders + self.flag

    def count(self, names: tuple[str, ...]) -> int:
        """How many of ``names`` the sensor's convention counts."""
        return sum(name not in self.uncounted for name in names)

    @property
    def nominal(self) -> int:
        return self.count(self.all)


@dataclass(frozen=True, kw_only=True)
class AnalogRegisters:
    """Analog registers: ``storage`` holds values, ``port`` is what neighbours read.

    ``smallest_step`` is the smallest difference that survives a chain of additions, in units of the range.
    """

    storage: tuple[str, ...]
    port: tuple[str, ...]
    uncounted: tuple[str, ...]
    maximum: int | None
    smallest_step: int | None

    def count(self, names: tuple[str, ...]) -> int:
        """How many of ``names`` the sensor's convention counts."""
        return sum(name not in self.uncounted for name in names)

    @property
    def counted_port(self) -> int:
        return self.count(self.port)

    @property
    def nominal(self) -> int:
        return self.count(self.storage) + self.counted_port


def read_digital(section: Section) -> DigitalRegisters:
    """The section ``digital`` of a sensor's file."""
    counts = {"mask": (0, 1), "direction": (4,), "propagation": (0, 1), "flag": (0, 1)}
    duties = {
        duty: section.registers(duty, **({"counts": counts[duty]} if duty in counts else {}))
        for duty in ("mask", "direction", "propagation", "free", "flag")
    }
    registers = DigitalRegisters(**duties, uncounted=section.uncounted(duties))
    section.refuse_the_rest()
    return registers


def read_analog(section: Section) -> AnalogRegisters:
    """The section ``analog`` of a sensor's file."""
    duties = {"storage": section.registers("storage"), "port": section.registers("port", counts=(0, 1))}
    registers = AnalogRegisters(
        **duties,
        uncounted=section.uncounted(duties),
        maximum=section.integer("maximum", minimum=1, may_be_unknown=True, maximum=LARGEST_ANALOG),
        smallest_step=section.integer("smallest_step", minimum=1, may_be_unknown=True),
    )
    section.refuse_the_rest()
    return registers

"""The registers of a sensor by their duties."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from larq_focal.messages import short, shown
from larq_focal.yaml_file import Section

_MOST_REGISTERS = 64  # under one duty
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
        duty: _names(section, duty, **({"counts": counts[duty]} if duty in counts else {}))
        for duty in ("mask", "direction", "propagation", "free", "flag")
    }
    registers = DigitalRegisters(**duties, uncounted=_uncounted(section, duties))
    section.refuse_the_rest()
    return registers


def read_analog(section: Section) -> AnalogRegisters:
    """The section ``analog`` of a sensor's file."""
    duties = {"storage": _names(section, "storage"), "port": _names(section, "port", counts=(0, 1))}
    registers = AnalogRegisters(
        **duties,
        uncounted=_uncounted(section, duties),
        maximum=section.integer("maximum", minimum=1, may_be_unknown=True, maximum=LARGEST_ANALOG),
        smallest_step=section.integer("smallest_step", minimum=1, may_be_unknown=True),
    )
    section.refuse_the_rest()
    return registers


def _names(section: Section, key: str, counts: Collection[int] = range(_MOST_REGISTERS + 1)) -> tuple[str, ...]:
    """Names of registers, as many as one of ``counts``."""
    names = section.texts(key)
    for name in names:
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            section.refuse(key, f"names {shown(name)}; a register has a name of letters, digits and _")
    if len(names) not in counts:
        allowed = " or ".join(map(str, counts)) if len(counts) <= 2 else f"at most {max(counts)}"
        section.refuse(key, f"must name {allowed} register{'s' * (max(counts) != 1)}, not {len(names)}")
    return names


def _uncounted(section: Section, duties: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The registers under ``uncounted``, each of which must stand under one duty, as no register may twice."""
    names = Counter(name for duty in duties.values() for name in duty)
    for name, times in names.items():
        if times > 1:
            places = ", ".join(f"'{section.prefix}{duty}'" for duty, listed in duties.items() if name in listed)
            section.refuse_file(f"register {short(name, 60)} is used twice, in {places}; leave it in one")
    uncounted = section.texts("uncounted")
    for name in uncounted:
        if name not in names:
            fault = f"names {short(name, 60)}, which is not a register here; give it a duty or leave it out"
            section.refuse("uncounted", fault)
    return uncounted

"""Overheads fitted to the published times of one network, as a sensor file carries them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from larq_focal.yaml_file import Section


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How long instruction words and the controller's calls took in the work that ``source`` names.

    Attributes:
        name: what reports call it.
        source: the publication with the times.
        cycles_per_icw: clock cycles of one instruction word of any class, on average.
        overhead_us: microseconds of one call, by the keys of a sensor's overheads.
        contained: calls whose time lies within the values above and cannot be told apart from them.
    """

    name: str
    source: str
    cycles_per_icw: float
    overhead_us: Mapping[str, float]
    contained: tuple[str, ...]

    def tells(self, call: str) -> bool:
        """Whether the time of ``call`` is known here, by itself or within another."""
        return call in self.overhead_us or call in self.contained

    def latency_us(self, icw: int, calls: Mapping[str, int], clock_hz: float) -> float:
        """Microseconds of ``icw`` instruction words and of those ``calls`` that have a time of their own."""
        known = sum(self.overhead_us.get(call, 0) * count for call, count in calls.items())
        return icw * self.cycles_per_icw / clock_hz * 1e6 + known

    def beyond_us(self, calls: Mapping[str, int]) -> float | None:
        """Microseconds that contained calls may take at most beyond what is known of them.

        They were as often as loads from the controller where the times were measured; more of them took no longer than
        a load with what it contains. None where no time of a load is known.
        """
        loads = {call: us for call, us in self.overhead_us.items() if call.startswith("load_")}
        if not loads:
            return None
        held = sum(calls.get(call, 0) for call in loads)
        return max(loads.values()) * sum(max(calls.get(call, 0) - held, 0) for call in self.contained)


def read_calibrations(sections: list[Section], calls: Collection[str]) -> tuple[Calibration, ...]:
    """The calibrations of a sensor file; ``calls`` are the names that overheads may have.

    Raises:
        SensorError: a key is missing or unknown, or a value is not what it must be.
    """
    return tuple(_read(section, calls) for section in sections)


def _read(section: Section, calls: Collection[str]) -> Calibration:
    calibration = Calibration(
        name=section.text("name"),
        source=section.text("source"),
        cycles_per_icw=section.number("cycles_per_icw", minimum=0),
        overhead_us=section.section("overhead_us").some(calls, Section.number),
        contained=section.choices("contained", calls),
    )
    section.refuse_the_rest()
    return calibration

"""The result of looking into a program: plain values, and the tables that the terminal shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.text import Text

from larq_focal.focal_plane.inspection.live_ranges import LiveRanges
from larq_focal.focal_plane.inspection.map_place import MapPlace
from larq_focal.result import Result
from larq_focal.tables import facts
from larq_focal.verdicts.estimate import Estimate, estimates_table


@dataclass(frozen=True)
class Exactness:
    """A comparison of what the program computes with ``reference``, value by value; of maps these are pixels."""

    reference: str
    compared: int
    mismatching: int

    @property
    def is_exact(self) -> bool:
        return self.mismatching == 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "compared": self.compared,
            "mismatching": self.mismatching,
            "is_exact": self.is_exact,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class ProgramReport(Result):
    """What one frame of a program takes and how it uses the sensor.

    ``icw`` are the words executed by clock class, ``swapped_icw`` those that are put into the store, ``instructions``
    the instructions by mnemonic, ``calls`` those of the controller with launches among them; ``stepping`` is what
    ``StepRecorder`` kept. ``exactness`` is empty where nothing was compared. ``used_digital`` and ``used_analog`` are
    the registers that the program uses, of the ``nominal`` ones, as the sensor's convention counts them.
    """

    name: str
    sensor: str
    store_icw: int
    swapped_icw: int
    store_limit_icw: int | None
    icw: Mapping[str, int]
    instructions: Mapping[str, int]
    calls: Mapping[str, int]
    live_ranges: LiveRanges
    used_digital: int
    nominal_digital: int
    used_analog: int
    nominal_analog: int
    usable_digital: int
    usable_analog: int
    maps: tuple[MapPlace, ...]
    exactness: tuple[Exactness, ...]
    estimates: tuple[Estimate, ...]
    stepping: Mapping[str, Any]

    @property
    def total_icw(self) -> int:
        return sum(self.icw.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without the recorded steps."""
        return {
            "name": self.name,
            "sensor": self.sensor,
            "store_icw": self.store_icw,
            "swapped_icw": self.swapped_icw,
            "store_limit_icw": self.store_limit_icw,
            "total_icw": self.total_icw,
            "icw": dict(self.icw),
            "instructions": dict(self.instructions),
            "calls": dict(self.calls),
            "live_ranges": self.live_ranges.to_dict(),
            "used_digital": self.used_digital,
            "nominal_digital": self.nominal_digital,
            "used_analog": self.used_analog,
            "nominal_analog": self.nominal_analog,
            "usable_digital": self.usable_digital,
            "usable_analog": self.usable_analog,
            "maps": [place.to_dict() for place in self.maps],
            "exactness": [exactness.to_dict() for exactness in self.exactness],
            "estimates": [estimate.to_dict() for estimate in self.estimates],
        }

    def to_page(self) -> dict[str, Any]:
        """The values of ``to_dict`` and the recorded steps, as ``larq_focal.report.write_program_page`` takes."""
        return {**self.to_dict(), "stepping": dict(self.stepping)}

    @property
    def headline(self) -> str:
        registers = f"{self.used_digital} of {self.nominal_digital} digital registers"
        return f"{self.name} on {self.sensor}, {self.total_icw:,} words executed, {registers}"

    def __rich__(self) -> Group:
        limit = f" of {self.store_limit_icw:,}" if self.store_limit_icw else ""
        rows = {
            "words in the store": f"{self.store_icw:,}{limit}",
            **({"words put into the store": f"{self.swapped_icw:,}"} if self.swapped_icw else {}),
            "words executed": f"{self.total_icw:,} ({_listed(self.icw)})",
            "instructions": _listed(self.instructions),
            "controller": _listed({name.replace("_", " "): count for name, count in self.calls.items()}),
            "digital registers": f"{self.used_digital} of {self.nominal_digital}",
            "analog registers": f"{self.used_analog} of {self.nominal_analog}",
        }
        for exactness in self.exactness:
            rows[f"exact against {exactness.reference}"] = (
                "yes" if exactness.is_exact else "no"
            ) + f": {exactness.mismatching:,} of {exactness.compared:,} values differ"
        parts = [facts(rows, f"{self.name} on {self.sensor}")]
        return Group(*parts, Text(), estimates_table(self.estimates)) if self.estimates else Group(*parts)


def _listed(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:,}" for name, count in ordered if count)

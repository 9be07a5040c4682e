"""Time and energy of one frame, and the table that shows them."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Literal

from rich.table import Table
from rich.text import Text

from larq_focal.tables import add_figures, add_name, heading, new_table
from larq_focal.text import MICROJOULES, MICROSECONDS, UNKNOWN, in_one_unit, time_text

LOWER_BOUND, CALIBRATED, PUBLISHED = "lower bound", "calibrated", "published"
_LEFT_OUT_WIDTH = 36


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One answer to how long a frame takes and what energy it needs; what is not known is None.

    ``left_out`` are calls whose time is in none of the figures. ``beyond_us`` is the most that calls may add which are
    more than those in the work that was measured; None where there is no bound.
    """

    kind: Literal["lower bound", "calibrated", "published"]
    source: str
    latency_us: float | None
    frames_per_second: float | None
    chip_energy_uj: float | None
    system_energy_uj: float | None
    left_out: tuple[str, ...] = ()
    beyond_us: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "source": self.source,
            "latency_us": self.latency_us,
            "frames_per_second": self.frames_per_second,
            "chip_energy_uj": self.chip_energy_uj,
            "system_energy_uj": self.system_energy_uj,
            "left_out": list(self.left_out),
            "beyond_us": self.beyond_us,
        }


def estimates_table(estimates: tuple[Estimate, ...]) -> Table:
    """Time and energy of one frame, an estimate a row."""
    time, times = in_one_unit([estimate.latency_us for estimate in estimates], MICROSECONDS)
    energies = [energy for each in estimates for energy in (each.chip_energy_uj, each.system_energy_uj)]
    energy, energies = in_one_unit(energies, MICROJOULES)
    table = new_table()
    add_name(table, "one frame")
    add_figures(table, heading("time", time), "frames\nper second", heading("chip", energy), heading("system", energy))
    for estimate, latency, chip, system in zip(estimates, times, energies[::2], energies[1::2], strict=True):
        name = estimate.kind if estimate.kind == "lower bound" else f"{estimate.kind}: {estimate.source}"
        left_out = f"without {', '.join(estimate.left_out)}" if estimate.left_out else ""
        beyond = f"launches: up to {time_text(estimate.beyond_us / 1000)} more" if estimate.beyond_us else ""
        lines = "".join(f"\n  {line}" for part in (left_out, beyond) for line in wrap(part, _LEFT_OUT_WIDTH))
        rate = UNKNOWN if estimate.frames_per_second is None else f"{estimate.frames_per_second:,.0f}"
        table.add_row(Text.assemble(name, (lines, "dim")), latency, rate, chip, system)
    return table

"""The result of a fit, and what a terminal shows of it in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from larq_focal.focal_plane.fits.layer_fit import LayerFit
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, listed, new_table
from larq_focal.text import MICROSECONDS, UNKNOWN, counted, in_one_unit
from larq_focal.verdicts.estimate import Estimate, estimates_table
from larq_focal.verdicts.verdict import COLOURS, Verdict, verdict_title, worst

if TYPE_CHECKING:
    from larq_focal.focal_plane.inspection.program_report import ProgramReport


@dataclass(frozen=True, kw_only=True, repr=False)
class FitReport(Result):
    """Whether a network fits a sensor: the worst verdict of its layers.

    ``not_judged`` names the parts without a verdict; where there are any, the network is NOT JUDGED at best. The totals
    over the layers are lower bounds per frame, None where a layer does not fit or a part was not judged; ``unknown``
    says what they leave out, and what was assumed. ``estimates`` set beside them what calibrations give and what is
    published. ``bits_read`` go to the controller per frame, where ``raw_bits`` are those of the image itself, of
    ``raw_pixel_bits`` each pixel. ``program`` tells what the compiled network does, where it was asked for and there is
    one.
    """

    network: str
    sensor: str
    registers: str
    layers: tuple[LayerFit, ...]
    icw: int | None
    latency_lower_bound_us: float | None
    energy_lower_bound_uj: float | None
    bits_read: int
    raw_bits: int
    raw_pixel_bits: int
    estimates: tuple[Estimate, ...]
    notes: tuple[str, ...]
    unknown: tuple[str, ...]
    not_judged: tuple[str, ...] = ()
    program: ProgramReport | None = None

    @property
    def verdict(self) -> Verdict:
        parts = [Verdict.NOT_JUDGED] * bool(self.not_judged)
        return worst([*parts, *(layer.verdict for layer in self.layers)])

    @property
    def smallest_change(self) -> str | None:
        """The smallest change of every layer that is known not to fit as it is, or None where there is none."""
        changes = [
            f"{layer.name}: {layer.changes[0] if layer.changes else 'no single change fits'}"
            for layer in self.layers
            if layer.verdict not in (Verdict.FIT, Verdict.NOT_JUDGED)
        ]
        return "; ".join(changes) or None

    @property
    def frames_per_second_at_most(self) -> float | None:
        """One frame after another, without exposure and whatever else ``unknown`` names."""
        return 1e6 / self.latency_lower_bound_us if self.latency_lower_bound_us else None

    @property
    def data_reduction(self) -> float | None:
        """How many times fewer bits are read out than the raw image has; None where none is, or not all is judged."""
        return self.raw_bits / self.bits_read if self.bits_read and not self.not_judged else None

    @property
    def headline(self) -> str:
        return f"{self.network} on {self.sensor}, {self.verdict}, {counted(len(self.layers), 'layer')}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "network": self.network,
            "sensor": self.sensor,
            "registers": self.registers,
            "verdict": self.verdict.value,
            "smallest_change": self.smallest_change,
            "icw": self.icw,
            "latency_lower_bound_us": self.latency_lower_bound_us,
            "frames_per_second_at_most": self.frames_per_second_at_most,
            "energy_lower_bound_uj": self.energy_lower_bound_uj,
            "bits_read": self.bits_read,
            "raw_bits": self.raw_bits,
            "raw_pixel_bits": self.raw_pixel_bits,
            "data_reduction": self.data_reduction,
            "estimates": [estimate.to_dict() for estimate in self.estimates],
            "layers": [layer.to_dict() for layer in self.layers],
            "notes": list(self.notes),
            "unknown": list(self.unknown),
            "not_judged": list(self.not_judged),
            "program": self.program and self.program.to_dict(),
        }

    def __rich__(self) -> Group:
        """The registers, a table of the layers, what is known of time and energy, and lists of changes and notes."""
        parts = [_layers(self), Text()]
        if self.estimates:
            parts += [estimates_table(self.estimates), Text()]
        parts.append(Text(self.registers))
        if self.data_reduction:
            parts.append(Text(_reduction(self)))
        program = [Text("The compiled program", style="bold"), self.program] if self.program else []
        return Group(*parts, *_lists(self), *program)


def _layers(report: FitReport) -> Table:
    unit, times = in_one_unit(
        [*(layer.latency_lower_bound_us for layer in report.layers), report.latency_lower_bound_us], MICROSECONDS
    )
    table = new_table(verdict_title(report.network, report.sensor, report.verdict), footer=True, tight=True)
    add_name(table, "layer\n  verdict,\n  schedule", "frame")
    add_figures(table, "fan-in,\nat most", "weight\nbits", "maps per\nplane", "digital\nregisters", "analog\nregisters")
    add_figures(table, (f"at least\nICW,\n{unit}", _cost(report.icw, times[-1])))
    for layer, time in zip(report.layers, times, strict=False):
        table.add_row(*_row(layer, time))
    return table


def _row(layer: LayerFit, time: str) -> Iterator[str | Text]:
    schedule = ", ".join(filter(None, (layer.schedule, layer.counter)))
    spills = f"\n  to {', '.join(layer.spills_to)}" if layer.spills_to else ""
    verdict = layer.verdict.value, COLOURS[layer.verdict]
    yield Text.assemble(layer.name, "\n  ", verdict, f"{spills}" + (f"\n  {schedule}" if schedule else ""))
    yield f"{layer.fan_in:,}" + ("" if layer.max_fan_in is None else f"\n{layer.max_fan_in:,}")
    yield f"{layer.weight_bits:,}\n{counted(layer.weight_planes, 'plane')}"
    planes = "" if layer.map_planes is None else f"\n{counted(layer.map_planes, 'plane')}"
    yield "-" if layer.maps_per_plane is None else f"{layer.maps_per_plane:,}{planes}"
    yield layer.digital.text
    yield layer.analog.text
    yield _cost(layer.icw, time)


def _cost(icw: int | None, time: str) -> str:
    lines = ([] if icw is None else [f"{icw:,}"]) + ([] if time == UNKNOWN else [time])
    return "\n".join(lines) or "-"


def _reduction(report: FitReport) -> str:
    return (
        f"{counted(report.bits_read, 'bit')} read per frame, of {report.raw_bits:,} in the raw image "
        f"({report.raw_pixel_bits} for each pixel): "
        f"{report.data_reduction:,.1f} times fewer"
    )


def _lists(report: FitReport) -> Iterator[Text | Padding]:
    changes = [f"{layer.name}: {' | '.join(layer.changes)}" for layer in report.layers if layer.changes]
    by_note: dict[str, list[str]] = {}
    for layer in report.layers:
        for note in layer.notes:
            by_note.setdefault(note, []).append(layer.name)
    notes = [f"{', '.join(names)}: {note}" for note, names in by_note.items()]
    yield from listed("Not judged", report.not_judged)
    yield from listed("Changes that fit, the smallest first", changes)
    yield from listed("Notes", [*notes, *report.notes])
    yield from listed("Unknown", report.unknown)

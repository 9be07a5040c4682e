"""The result of a fit, and what a terminal shows of it in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from larq_focal.focal_plane.compiler.backend.homes import SpillMoves
from larq_focal.focal_plane.fits.layer_fit import LayerFit
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, listed, new_table
from larq_focal.text import MICROSECONDS, UNKNOWN, counted, in_one_unit
from larq_focal.verdicts.estimate import Estimate, estimates_table
from larq_focal.verdicts.verdict import COLOURS, Verdict, verdict_title

if TYPE_CHECKING:
    from larq_focal.focal_plane.inspection.program_report import ProgramReport


@dataclass(frozen=True, kw_only=True, repr=False)
class FitReport(Result):
    """Whether a network fits a sensor: what its program says.

    ``icw``, ``store_icw``, ``swapped_icw`` that are put into the store, ``calls`` with the launches among them, time,
    energy and the ``moves`` of planes that spill, by where they go, are those of the program, per frame. Where there is
    none they are None or empty, and ``estimated_icw`` is what a formula gives at least for the layers.
    ``minimised`` is the figure by which the program was chosen, "time" or "words". ``not_judged`` names the parts
    without a verdict; ``unknown`` says what times leave out, and what was assumed. ``estimates`` set beside the lower
    bound what calibrations give and what is published. ``bits_read`` go to the controller per frame, where ``raw_bits``
    are those of the image itself, of ``raw_pixel_bits`` each pixel. With each of ``changes`` the whole network was
    compiled. ``program`` tells what a frame does, where that was asked for and there is one.
    """

    network: str
    sensor: str
    registers: str
    verdict: Verdict
    layers: tuple[LayerFit, ...]
    icw: int | None
    store_icw: int | None
    swapped_icw: int | None
    estimated_icw: int | None
    calls: Mapping[str, int]
    moves: Mapping[str, SpillMoves]
    minimised: str | None
    latency_lower_bound_us: float | None
    energy_lower_bound_uj: float | None
    bits_read: int
    raw_bits: int
    raw_pixel_bits: int
    estimates: tuple[Estimate, ...]
    changes: tuple[str, ...]
    notes: tuple[str, ...]
    unknown: tuple[str, ...]
    not_judged: tuple[str, ...] = ()
    program: ProgramReport | None = None

    @property
    def smallest_change(self) -> str | None:
        """The first of ``changes``, or None where none was found or needed."""
        return next(iter(self.changes), None)

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
            "store_icw": self.store_icw,
            "swapped_icw": self.swapped_icw,
            "estimated_icw": self.estimated_icw,
            "calls": dict(self.calls),
            "minimised": self.minimised,
            "moves": {place: moves.to_dict() for place, moves in self.moves.items()},
            "latency_lower_bound_us": self.latency_lower_bound_us,
            "frames_per_second_at_most": self.frames_per_second_at_most,
            "energy_lower_bound_uj": self.energy_lower_bound_uj,
            "bits_read": self.bits_read,
            "raw_bits": self.raw_bits,
            "raw_pixel_bits": self.raw_pixel_bits,
            "data_reduction": self.data_reduction,
            "estimates": [estimate.to_dict() for estimate in self.estimates],
            "layers": [layer.to_dict() for layer in self.layers],
            "changes": list(self.changes),
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
    add_name(table, "layer, verdict,\n  channels, weights", "frame")
    add_figures(table, "fan-in", "weight\nbits", "digital\nregisters", "analog\nregisters")
    add_figures(table, (f"ICW,\nat least\n{unit}", _cost(report.icw, report.estimated_icw, times[-1])))
    for layer, time in zip(report.layers, times, strict=False):
        table.add_row(*_row(layer, time))
    return table


def _row(layer: LayerFit, time: str) -> Iterator[str | Text]:
    spills = f" to {', '.join(layer.spills_to)}" if layer.spills_to else ""
    lines = [f"\n  {line}" for line in (layer.placement, layer.weights_from) if line]
    yield Text.assemble(layer.name, "\n  ", (layer.verdict.value, COLOURS[layer.verdict]), spills, *lines)
    yield f"{layer.fan_in:,}"
    yield f"{layer.weight_bits:,}\n{counted(layer.weight_planes, 'plane')}"
    yield layer.digital.text
    yield layer.analog.text
    yield _cost(layer.icw, layer.estimated_icw, time)


def _cost(icw: int | None, estimated_icw: int | None, time: str) -> str:
    lines = [] if icw is None else [f"{icw:,}"]
    if icw is None and estimated_icw is not None:
        lines += [f"{estimated_icw:,}", "estimate"]
    return "\n".join(lines + ([] if time == UNKNOWN else [time])) or "-"


def _reduction(report: FitReport) -> str:
    return (
        f"{counted(report.bits_read, 'bit')} read per frame, of {report.raw_bits:,} in the raw image "
        f"({report.raw_pixel_bits} for each pixel): "
        f"{report.data_reduction:,.1f} times fewer"
    )


def _lists(report: FitReport) -> Iterator[Text | Padding]:
    by_note: dict[str, list[str]] = {}
    for layer in report.layers:
        for note in layer.notes:
            by_note.setdefault(note, []).append(layer.name)
    notes = [f"{', '.join(names)}: {note}" for note, names in by_note.items()]
    yield from listed("Not judged", report.not_judged)
    yield from listed("Changes that fit", report.changes)
    yield from listed("Notes", [*notes, *report.notes])
    yield from listed("Unknown", report.unknown)

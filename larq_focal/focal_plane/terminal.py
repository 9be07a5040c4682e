"""A fit report as the terminal shows it, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from larq_focal.focal_plane.rate import Estimate
from larq_focal.focal_plane.verdict import Verdict
from larq_focal.tables import add_figures, add_name, heading, listed, new_table
from larq_focal.text import MICROJOULES, MICROSECONDS, UNKNOWN, counted, in_one_unit

if TYPE_CHECKING:
    from larq_focal.focal_plane.report import FitReport, LayerFit

_LEFT_OUT_WIDTH = 36
COLOURS = {Verdict.FIT: "green", Verdict.SPILL: "yellow", Verdict.NOT_JUDGED: "magenta", Verdict.NO_FIT: "bold red"}


def shown(report: FitReport) -> Group:
    """The registers, a table of the layers, what is known of time and energy, and lists of changes and notes."""
    parts = [_layers(report), Text()]
    if report.estimates:
        parts += [estimates_table(report.estimates), Text()]
    parts.append(Text(report.registers))
    if report.data_reduction:
        parts.append(Text(_reduction(report)))
    program = [Text("The compiled program", style="bold"), report.program] if report.program else []
    return Group(*parts, *_lists(report), *program)


def verdict_title(network: str, sensor: str, verdict: Verdict) -> Text:
    """``network on sensor: VERDICT``, for the title of a table."""
    return Text.assemble((f"{network} on {sensor}: ", "bold"), (verdict.value, COLOURS[verdict]))


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
        lines = "".join(f"\n  {line}" for line in wrap(left_out, _LEFT_OUT_WIDTH))
        rate = UNKNOWN if estimate.frames_per_second is None else f"{estimate.frames_per_second:,.0f}"
        table.add_row(Text.assemble(name, (lines, "dim")), latency, rate, chip, system)
    return table


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

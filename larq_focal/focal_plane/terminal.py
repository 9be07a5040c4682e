"""A fit report as the terminal shows it, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from larq_focal.focal_plane.rate import Estimate
from larq_focal.focal_plane.text import counted
from larq_focal.focal_plane.verdict import Verdict

if TYPE_CHECKING:
    from larq_focal.focal_plane.report import FitReport, LayerFit

COLOURS = {Verdict.FIT: "green", Verdict.SPILL: "yellow", Verdict.NOT_JUDGED: "magenta", Verdict.NO_FIT: "bold red"}


def shown(report: FitReport) -> Group:
    """The registers, a table of the layers, what is known of time and energy, and lists of changes and notes."""
    parts = [Text(report.registers), _layers(report)]
    if report.estimates:
        parts.append(estimates_table(report.estimates))
    if report.data_reduction:
        parts.append(Text(_reduction(report)))
    program = [Text("The compiled program", style="bold"), report.program] if report.program else []
    return Group(*parts, *_lists(report), *program)


def _layers(report: FitReport) -> Table:
    title = Text.assemble(
        f"{report.network} on {report.sensor}: ", (report.verdict.value, COLOURS[report.verdict]), style="default"
    )
    table = Table(title=title, title_justify="left", show_footer=True, box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("layer", "frame", overflow="fold")
    table.add_column("verdict,\nschedule")
    table.add_column("fan-in,\nat most", justify="right")
    table.add_column("weight\nbits", justify="right")
    table.add_column("maps per\nplane", justify="right")
    table.add_column("digital\nregisters", justify="right")
    table.add_column("analog", justify="right")
    table.add_column("ICW, time\nat least", _cost(report.icw, report.latency_lower_bound_us), justify="right")
    for layer in report.layers:
        table.add_row(*_row(layer))
    return table


def _row(layer: LayerFit) -> Iterator[str | Text]:
    schedule = ", ".join(filter(None, (layer.schedule, layer.counter)))
    yield Text(layer.name)
    spills = f"\nto {', '.join(layer.spills_to)}" if layer.spills_to else ""
    yield Text.assemble((layer.verdict.value, COLOURS[layer.verdict]), f"{spills}\n{schedule}")
    yield f"{layer.fan_in:,}" + ("" if layer.max_fan_in is None else f"\n{layer.max_fan_in:,}")
    yield f"{layer.weight_bits:,}\n{counted(layer.weight_planes, 'plane')}"
    planes = "" if layer.map_planes is None else f"\n{counted(layer.map_planes, 'plane')}"
    yield "-" if layer.maps_per_plane is None else f"{layer.maps_per_plane:,}{planes}"
    yield layer.digital.text
    yield layer.analog.text
    yield _cost(layer.icw, layer.latency_lower_bound_us)


def _cost(icw: int | None, latency_us: float | None) -> str:
    lines = [] if icw is None else [f"{icw:,}"]
    if latency_us is not None:
        lines.append(f"{latency_us:,.1f} us")
    return "\n".join(lines) or "-"


def estimates_table(estimates: tuple[Estimate, ...]) -> Table:
    """Time and energy of one frame, an estimate a row."""
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("one frame", overflow="fold")
    for heading in ("time", "frames/s", "chip", "system"):
        table.add_column(heading, justify="right")
    table.add_column("left out", overflow="fold")
    for estimate in estimates:
        table.add_row(
            Text(f"{estimate.kind}: {estimate.source}" if estimate.kind != "lower bound" else estimate.kind),
            _known(estimate.latency_us, "us"),
            "unknown" if estimate.frames_per_second is None else f"{estimate.frames_per_second:,.0f}",
            _known(estimate.chip_energy_uj, "uJ"),
            _known(estimate.system_energy_uj, "uJ"),
            ", ".join(estimate.left_out),
        )
    return table


def _known(value: float | None, unit: str) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.{2 if value < 10 else 1}f} {unit}"


def _reduction(report: FitReport) -> str:
    return (
        f"{counted(report.bits_read, 'bit')} read per frame, of {report.raw_bits:,} in the raw image "
        f"({report.raw_pixel_bits} for each pixel): "
        f"{report.data_reduction:,.1f} times fewer"
    )


def _lists(report: FitReport) -> Iterator[Text]:
    changes = [f"{layer.name}: {' | '.join(layer.changes)}" for layer in report.layers if layer.changes]
    by_note: dict[str, list[str]] = {}
    for layer in report.layers:
        for note in layer.notes:
            by_note.setdefault(note, []).append(layer.name)
    notes = [f"{', '.join(names)}: {note}" for note, names in by_note.items()]
    for title, lines in (
        ("Not judged", report.not_judged),
        ("Changes that fit, the smallest first", changes),
        ("Notes", [*notes, *report.notes]),
        ("Unknown", report.unknown),
    ):
        if lines:
            yield Text(title, style="bold")
            yield Text("\n".join(f"  {line}" for line in lines))

"""The page of a study: the answer in a sentence, every network over its seeds, and accuracy against cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.texts import machine_text
from larq_focal.bench.study.cost import COSTS
from larq_focal.bench.study.point_summary import PointSummary, light_text
from larq_focal.bench.study.summary import Summary
from larq_focal.files import write_text
from larq_focal.report.figures import front_line, with_cost_axis
from larq_focal.report.html import render
from larq_focal.report.page import write_report
from larq_focal.report.pareto import pareto_front
from larq_focal.report.plot_layout import plain_layout
from larq_focal.report.provenance import provenance
from larq_focal.report.runs import colour_of, runs_by_dataset, symbol_of

_BESIDE = ("latency_ms", "parameter_bytes")
"""The first of these that is not what a study compares stands beside it."""


@dataclass(frozen=True)
class Row:
    """One network of a study as its page shows it."""

    point: PointSummary
    position: int
    is_on_front: bool

    @property
    def label(self) -> str:
        return self.point.title

    @property
    def colour(self) -> str:
        return colour_of(self.position)

    @property
    def symbol(self) -> str:
        return symbol_of(self.position)


def write_study(summary: Summary, records: Sequence[Record], folder: str | Path) -> list[Path]:
    """Writes the results of a study, and returns the files: report.html, runs.html, table.md, study.json.

    Args:
        summary: what was found.
        records: the records of its runs, which ``runs.html`` shows one by one.
        folder: where the files go; each is written whole or not at all.
    """
    folder = Path(folder)
    return [
        write_text(folder / "report.html", study_page(summary, records)),
        write_report(records, folder / "runs.html"),
        write_text(folder / "table.md", "\n\n".join(filter(None, (summary.table(), summary.light_table()))) + "\n"),
        write_text(folder / "study.json", json.dumps(summary.to_dict(), indent=1, allow_nan=False) + "\n"),
    ]


def study_page(summary: Summary, records: Sequence[Record]) -> str:
    """The HTML of a study; its template escapes all that comes from files."""
    compared = summary.study.compare
    beside = next(key for key in _BESIDE if key != compared)
    front = set(map(id, summary.compared.front))
    rows = [Row(point, position, id(point) in front) for position, point in enumerate(summary.points)]
    (runs,) = runs_by_dataset(records)
    return render(
        "study.html",
        {
            "compared": cost_figure(rows, compared),
            "beside": cost_figure(rows, beside),
            **({"light": light_figure(rows)} if summary.study.light else {}),
        },
        scripts=("page.js",),
        steppings={},
        summary=summary,
        costs=COSTS,
        rows=sorted(rows, key=lambda row: -row.point.accuracy),
        legend=rows,
        compared=COSTS[compared],
        beside=COSTS[beside],
        timed_on=sorted({machine_text(record["timing"]["machine"]) for record in records if record["timing"]}),
        disturbed=sum(bool(record["timing"]["notes"]) for record in records if record["timing"]),
        run_count=len(records),
        low=min(min(point.accuracies) for point in summary.points),
        high=max(max(point.accuracies) for point in summary.points),
        provenance=provenance(runs),
    )


def cost_figure(rows: Sequence[Row], key: str) -> go.Figure:
    """Accuracy over the seeds against a cost: the mean, and whiskers from the lowest to the highest."""
    cost = COSTS[key]
    known = [row for row in rows if row.point.costs[key] is not None]
    name, unit = cost.unit([float(row.point.costs[key] or 0) for row in known])
    costs = [float(row.point.costs[key] or 0) / unit for row in known]
    means = [100 * row.point.accuracy for row in known]
    front = pareto_front(costs, means)
    figure = go.Figure()
    if len(front) > 1:
        figure.add_trace(front_line([costs[i] for i in front], [means[i] for i in front]))
    for i, row in enumerate(known):
        figure.add_trace(_marker(row, costs[i], means[i], i in front, cost.text(costs[i] * unit)))
    title = f"{cost.title} ({name})" if name else cost.title
    figure.update_layout(plain_layout(title, "accuracy (%)"))
    return with_cost_axis(figure, costs, title)


def light_figure(rows: Sequence[Row]) -> go.Figure:
    """Accuracy, a mean over the seeds, by the factor of the light."""
    figure = go.Figure()
    for row in rows:
        label = escape(row.label, quote=False)
        figure.add_scatter(
            x=[*row.point.light],
            y=[100 * accuracy for accuracy in row.point.light.values()],
            mode="lines+markers",
            line={"color": row.colour, "width": 2},
            marker={"symbol": row.symbol, "size": 8, "color": row.colour},
            name=label,
            meta={"run": row.label},
            hoverinfo="text",
            hovertext=[
                f"<b>{label}</b><br>{100 * accuracy:.1f} % at {light_text(factor)}"
                for factor, accuracy in row.point.light.items()
            ],
        )
    factors = [*rows[0].point.light]
    figure.update_layout(plain_layout("light, logarithmic", "accuracy (%)"))
    return figure.update_xaxes(type="log", tickvals=factors, ticktext=[light_text(factor) for factor in factors])


def _marker(row: Row, cost: float, mean: float, is_on_front: bool, cost_text: str) -> go.Scatter:
    accuracies = [100 * value for value in row.point.accuracies]
    label = escape(row.label, quote=False)
    seeds = ", ".join(f"{value:.2f}" for value in accuracies)
    look = {"width": 2, "color": row.colour}
    whiskers: dict[str, Any] = {"type": "data", "symmetric": False, "color": row.colour, "thickness": 1.5, "width": 4}
    return go.Scatter(
        x=[cost],
        y=[mean],
        error_y=whiskers | {"array": [max(accuracies) - mean], "arrayminus": [mean - min(accuracies)]},
        mode="markers",
        marker={
            "symbol": row.symbol if is_on_front else f"{row.symbol}-open",
            "size": 13,
            "color": row.colour,
            "line": look,
        },
        name=label,
        meta={"run": row.label},
        hoverinfo="text",
        hovertext=f"<b>{label}</b><br>{row.point.accuracy_text} %, by seed: {seeds}<br>{cost_text}",
    )

"""The plots of a program: which registers hold a value when, and how many."""

from __future__ import annotations

from html import escape
from typing import Any

import plotly.graph_objects as go

from larq_focal.report.figures import plain_layout

Record = dict[str, Any]
COLOURS = {"digital": "var(--run-0)", "analog": "var(--run-1)"}
MOST_BARS = 400  # of a register; shorter gaps than a pixel are closed


def program_figures(program: Record, place: str) -> dict[str, go.Figure]:
    """Both plots, by the ids of their places in a page, which begin with ``place``."""
    return {f"{place}-ranges": live_range_figure(program), f"{place}-counts": live_count_figure(program)}


def live_range_figure(program: Record) -> go.Figure:
    """A row per register, with a bar from each step that writes a value to the last one that reads it."""
    live = program["live_ranges"]
    figure = go.Figure()
    for row in reversed(live["registers"]):
        spans = _joined(row["ranges"], live["steps"] // MOST_BARS)
        figure.add_scatter(
            x=[x for start, end in spans for x in (start, end + 1, None)],
            y=[escape(row["register"])] * 3 * len(spans),
            mode="lines",
            line={"color": COLOURS.get(row["kind"], "var(--run-6)"), "width": 11},
            name=escape(row["register"]),
            hovertemplate=f"{escape(row['register'])}, step %{{x}}<extra></extra>",
        )
    figure.update_layout(plain_layout("step", ""))
    figure.update_xaxes(range=[0, live["steps"]], tickformat="d")
    figure.update_yaxes(type="category", tickmode="linear", showgrid=False)
    return figure


def live_count_figure(program: Record) -> go.Figure:
    """How many registers hold a value, by step."""
    live = program["live_ranges"]
    figure = go.Figure()
    for kind, colour in COLOURS.items():
        x, y = _counts([row["ranges"] for row in live["registers"] if row["kind"] == kind], live["steps"])
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"shape": "hv", "color": colour, "width": 2},
            name=kind,
            hovertemplate=f"%{{y}} {kind} at step %{{x}}<extra></extra>",
        )
    figure.update_layout(plain_layout("step", "registers that hold a value"), showlegend=True, legend_orientation="h")
    figure.update_xaxes(range=[0, live["steps"]], tickformat="d")
    return figure.update_yaxes(rangemode="tozero", tickformat="d")


def _joined(ranges: list[list[int]], gap: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end in ranges:
        if spans and start <= spans[-1][1] + gap:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return spans


def _counts(registers: list[list[list[int]]], steps: int) -> tuple[list[int], list[int]]:
    """The steps at which the number of live registers changes, and that number."""
    changes: dict[int, int] = {0: 0, steps: 0}
    for ranges in registers:
        for start, end in _joined(ranges, 0):
            changes[start] = changes.get(start, 0) + 1
            changes[end + 1] = changes.get(end + 1, 0) - 1
    x, y, live = [], [], 0
    for step in sorted(changes):
        live += changes[step]
        if not y or live != y[-1] or step == steps:
            x.append(step)
            y.append(live)
    return x, y

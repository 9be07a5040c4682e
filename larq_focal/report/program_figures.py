"""The plots of a program: which registers hold a value when, and how many."""

from __future__ import annotations

from html import escape
from typing import Any

import plotly.graph_objects as go

from larq_focal.report.plot_layout import plain_layout

Record = dict[str, Any]
COLOURS = {"digital": "var(--run-0)", "analog": "var(--run-1)"}


def program_figures(program: Record, place: str) -> dict[str, go.Figure]:
    """Both plots, by the ids of their places in a page, which begin with ``place``."""
    return {f"{place}-ranges": live_range_figure(program), f"{place}-counts": live_count_figure(program)}


def live_range_figure(program: Record) -> go.Figure:
    """A row per register, with a bar from each step that writes a value to the last one that reads it."""
    live = program["live_ranges"]
    figure = go.Figure()
    for row in reversed(live["registers"]):
        figure.add_scatter(
            x=[x for start, end in row["ranges"] for x in (start, end + 1, None)],
            y=[escape(row["register"])] * 3 * len(row["ranges"]),
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
        counts = live["counts"][kind]
        figure.add_scatter(
            x=[live["steps_per_part"] * part for part in range(len(counts))],
            y=counts,
            mode="lines",
            line={"shape": "hv", "color": colour, "width": 2},
            name=kind,
            hovertemplate=f"%{{y}} {kind} at step %{{x}}<extra></extra>",
        )
    figure.update_layout(plain_layout("step", "registers that hold a value"), showlegend=True, legend_orientation="h")
    figure.update_xaxes(range=[0, live["steps"]], tickformat="d")
    return figure.update_yaxes(rangemode="tozero", tickformat="d")

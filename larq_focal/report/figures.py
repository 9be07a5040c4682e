"""The plots that compare runs: accuracy against cost, and curves by epoch.

Colours are variables of ``style.css``, which ``page.js`` resolves for the light or dark scheme; ``meta`` of a trace
tells the run that it belongs to. Text from records is escaped, because plotly reads tags in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from math import floor, log10

import plotly.graph_objects as go

from larq_focal.bench.records.texts import parameters_text
from larq_focal.report.pareto import pareto_front
from larq_focal.report.plot_layout import plain_layout
from larq_focal.report.runs import Run
from larq_focal.text import bytes_text, time_text

LOG_FROM_RATIO = 8  # spread of the costs from which a logarithmic axis shows more


def memory_figure(runs: Sequence[Run]) -> go.Figure:
    """Accuracy against parameter bytes, with the Pareto front."""
    name, unit = ("MiB", 1 << 20) if max(run.parameter_bytes for run in runs) >= 1 << 20 else ("KiB", 1 << 10)
    return _trade_off(
        runs,
        lambda run: run.parameter_bytes / unit,
        f"parameters ({name})",
        _parameters_text,
    )


def _parameters_text(run: Run) -> str:
    return f"{parameters_text(run.record)} of parameters<br>{bytes_text(_file_bytes(run))} as a file"


def latency_figure(runs: Sequence[Run]) -> go.Figure:
    """Accuracy against median latency, with the Pareto front; runs that were not timed are left out."""
    timed = [run for run in runs if run.latency_ms is not None]
    name, unit = ("ms", 1) if max((run.latency_ms for run in timed), default=1) >= 1 else ("µs", 1e-3)
    return _trade_off(
        timed,
        lambda run: run.latency_ms / unit,
        f"median latency ({name})",
        _timing_text,
        lambda run: _timing_spread(run, unit),
    )


def loss_figure(runs: Sequence[Run]) -> go.Figure:
    """Training loss by epoch."""
    return _curves(runs, "loss", "training loss, logarithmic", 1, ".4f").update_yaxes(
        type="log", dtick=1, minor={"dtick": "D1", "gridcolor": "var(--grid)", "showgrid": True}
    )


def accuracy_figure(runs: Sequence[Run]) -> go.Figure:
    """Accuracy on the validation images by epoch."""
    return _curves(runs, "val_accuracy", "validation accuracy (%)", 100, ".2f")


def learning_figure(run: Run) -> go.Figure:
    """A run's accuracy by epoch on what it trains on and on what is held out; dotted, what the test gave in the end."""
    figure, rows = go.Figure(), run.record["history"]
    for quantity, name, symbol, dash in (
        ("accuracy", "training images", "circle-open", "dash"),
        ("val_accuracy", "held out for validation", "circle", "solid"),
    ):
        known = [row for row in rows if row.get(quantity) is not None]
        figure.add_scatter(
            x=[row["epoch"] for row in known],
            y=[100 * row[quantity] for row in known],
            mode="lines+markers",
            line={"color": run.colour, "width": 2, "dash": dash},
            marker={"symbol": symbol, "size": 7, "color": run.colour, "maxdisplayed": 10},
            name=name,
            hovertemplate="%{y:.2f}",
        )
    epochs = [row["epoch"] for row in rows]
    figure.add_scatter(
        x=[min(epochs), max(epochs)],
        y=2 * [100 * run.accuracy],
        mode="lines",
        line={"color": "var(--front)", "width": 2, "dash": "dot"},
        name="test images, converted",
        hovertemplate="%{y:.2f}",
    )
    figure.update_layout(plain_layout("epoch", "accuracy (%)"), hovermode="x unified", showlegend=True)
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    figure.update_xaxes(tickformat="d", hoverformat="d")
    return figure


def _trade_off(
    runs: Sequence[Run],
    cost: Callable[[Run], float],
    cost_name: str,
    cost_text: Callable[[Run], str],
    cost_spread: Callable[[Run], dict | None] = lambda run: None,
) -> go.Figure:
    """One marker per run, filled on the front."""
    costs, accuracies = [cost(run) for run in runs], [100 * run.accuracy for run in runs]
    front = pareto_front(costs, accuracies)
    figure = go.Figure()
    if len(front) > 1:
        figure.add_trace(front_line([costs[i] for i in front], [accuracies[i] for i in front]))
    for i, run in enumerate(runs):
        figure.add_trace(_marker(run, costs[i], i in front, cost_text(run)).update(error_x=cost_spread(run)))
    figure.update_layout(plain_layout(cost_name, "accuracy (%)"))
    return with_cost_axis(figure, costs, cost_name)


def with_cost_axis(figure: go.Figure, costs: Sequence[float], cost_name: str) -> go.Figure:
    """The figure with its horizontal axis for ``costs``: logarithmic where they are far apart, else from 0."""
    if costs and min(costs) > 0 and max(costs) >= LOG_FROM_RATIO * min(costs):
        return figure.update_xaxes(type="log", tickvals=_log_ticks(costs), title_text=f"{cost_name}, logarithmic")
    return figure.update_xaxes(rangemode="tozero")


def front_line(costs: Sequence[float], accuracies: Sequence[float]) -> go.Scatter:
    """The Pareto front, a staircase: what is reachable at that cost."""
    return go.Scatter(
        x=costs,
        y=accuracies,
        mode="lines",
        line={"shape": "hv", "color": "var(--front)", "width": 2, "dash": "dot"},
        name="Pareto front",
        hoverinfo="skip",
    )


def _log_ticks(costs: Sequence[float]) -> list[float]:
    """1, 2 and 5 times the powers of ten that ``costs`` span, and one power to each side."""
    first, last = (floor(log10(cost)) for cost in (min(costs), max(costs)))
    return [float(f"{digit}e{power}") for power in range(first - 1, last + 2) for digit in (1, 2, 5)]


def _marker(run: Run, cost: float, is_on_front: bool, cost_text: str) -> go.Scatter:
    accuracy = run.record["accuracy"]
    above, below = (100 * abs(accuracy[side] - accuracy["value"]) for side in ("high", "low"))
    interval = f"{_percent(accuracy)} ({100 * accuracy['low']:.1f} to {100 * accuracy['high']:.1f})"
    front = "<br>on the Pareto front" if is_on_front else ""
    return go.Scatter(
        x=[cost],
        y=[100 * accuracy["value"]],
        error_y=_error_bar(run, above, below),
        mode="markers",
        marker={
            "symbol": run.symbol if is_on_front else f"{run.symbol}-open",
            "size": 13,
            "color": run.colour,
            "line": {"width": 2, "color": run.colour},
        },
        name=escape(run.label, quote=False),
        meta={"run": run.label},
        hoverinfo="text",
        hovertext=f"<b>{escape(run.label, quote=False)}</b><br>{interval}<br>{cost_text}{front}",
    )


def _error_bar(run: Run, above: float, below: float) -> dict:
    return {
        "type": "data",
        "symmetric": False,
        "array": [above],
        "arrayminus": [below],
        "color": run.colour,
        "thickness": 1.5,
        "width": 4,
    }


def _curves(runs: Sequence[Run], quantity: str, title: str, factor: float, number: str) -> go.Figure:
    figure = go.Figure()
    for run in runs:
        rows = [row for row in run.record["history"] if row[quantity] is not None]
        figure.add_scatter(
            x=[row["epoch"] for row in rows],
            y=[factor * row[quantity] for row in rows],
            mode="lines+markers",
            line={"color": run.colour, "width": 2},
            marker={"symbol": run.symbol, "size": 7, "color": run.colour, "maxdisplayed": 10},
            name=escape(run.label, quote=False),
            meta={"run": run.label},
            hovertemplate=f"%{{y:{number}}}",
        )
    figure.update_layout(plain_layout("epoch", title), hovermode="x unified")
    figure.update_xaxes(tickformat="d", hoverformat="d", spikecolor="var(--front)", spikethickness=1)
    return figure


def _percent(accuracy: dict) -> str:
    return f"{100 * accuracy['value']:.1f} %"


def _file_bytes(run: Run) -> int:
    return run.record["file"]["bytes"]


def _timing_spread(run: Run, unit: float) -> dict:
    fastest, median, slow = (run.record["timing"][key] / unit for key in ("min_ms", "median_ms", "p90_ms"))
    return _error_bar(run, slow - median, median - fastest)


def _timing_text(run: Run) -> str:
    timing = run.record["timing"]
    threads = "1 thread" if timing["threads"] == 1 else f"{timing['threads']} threads"
    return (
        f"{time_text(timing['median_ms'])} at the median<br>{time_text(timing['min_ms'])} at least, "
        f"{time_text(timing['p90_ms'])} in 9 of 10<br>{escape(timing['engine'], quote=False)}, {threads}"
    )

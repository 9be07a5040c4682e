"""The plot of a confusion matrix."""

from __future__ import annotations

from html import escape

import numpy as np
import plotly.graph_objects as go

from larq_focal.report.plot_layout import plain_layout
from larq_focal.report.runs import Run

MOST_CLASSES_WITH_COUNTS = 20
FAINTEST_FULL_SHARE = 0.1  # of a class; so that a single mistake does not stand out


def confusion_figure(run: Run) -> go.Figure:
    """Counts by true (rows) and predicted class: hits in one colour, mistakes in another, each on its own scale."""
    counts = np.array(run.record["confusion"])
    classes = [escape(name, quote=False) for name in run.record["dataset"]["classes"]]
    is_hit = np.eye(len(classes), dtype=bool)
    figure = go.Figure(
        [
            _cells(run, counts, is_hit & (counts > 0), classes, "var(--hit)"),
            _cells(run, counts, ~is_hit & (counts > 0), classes, "var(--miss)"),
        ]
    )
    figure.update_layout(plain_layout("predicted class", "true class"))
    axis = {"type": "category", "categoryorder": "array", "categoryarray": classes, "showgrid": False}
    axis |= {"tickmode": "linear"} if len(classes) <= MOST_CLASSES_WITH_COUNTS else {}
    figure.update_xaxes(**axis, constrain="domain", range=[-0.5, len(classes) - 0.5])
    figure.update_yaxes(**axis, constrain="domain", scaleanchor="x", range=[len(classes) - 0.5, -0.5])
    return figure


def _cells(run: Run, counts: np.ndarray, shown: np.ndarray, classes: list[str], colour: str) -> go.Heatmap:
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    text = [[_cell_text(counts[i, j], share[i, j], classes[i], classes[j]) for j in _of(counts)] for i in _of(counts)]
    return go.Heatmap(
        x=classes,
        y=classes,
        z=np.where(shown, share, np.nan).tolist(),
        text=np.where(shown & (len(classes) <= MOST_CLASSES_WITH_COUNTS), counts.astype(str), "").tolist(),
        texttemplate="%{text}",
        hovertext=text,
        hoverinfo="text",
        hoverongaps=False,
        colorscale=[[0, "var(--surface)"], [1, colour]],
        zmin=0,
        zmax=float(share[shown].max(initial=FAINTEST_FULL_SHARE)),
        showscale=False,
        xgap=2,
        ygap=2,
        meta={"confusion": run.label},
    )


def _of(counts: np.ndarray) -> range:
    return range(len(counts))


def _cell_text(count: int, share: float, truth: str, guess: str) -> str:
    images = "image" if count == 1 else "images"
    return f"<b>{count}</b> {images} of class {truth}<br>taken for {guess} ({100 * share:.1f} % of them)"

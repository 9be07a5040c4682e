"""The look that all plots share."""

from __future__ import annotations

import plotly.graph_objects as go


def plain_layout(x_title: str, y_title: str) -> go.Layout:
    """The look of all plots."""
    font = {"family": "system-ui, sans-serif", "size": 13, "color": "var(--text)"}
    axis = {
        "gridcolor": "var(--grid)",
        "linecolor": "var(--line)",
        "zeroline": False,
        "automargin": True,
        "tickfont": {"color": "var(--muted)"},
        "title": {"font": {"color": "var(--muted)", "size": 13}, "standoff": 12},
    }
    layout = go.Layout(
        template=go.layout.Template(),
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font=font,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": "var(--muted)", "activecolor": "var(--accent)"},
        showlegend=False,
        hoverlabel={"bgcolor": "var(--surface)", "bordercolor": "var(--line)", "font": font},
        xaxis=axis,
        yaxis=axis,
    )
    layout.xaxis.title.text, layout.yaxis.title.text = x_title, y_title
    return layout

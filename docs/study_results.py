"""Writes the page of the studies' results, study_results.md, from docs/data/studies.

    python docs/study_results.py

Needs the extra `docs`. Each file there is the study.json that `larq-focal study` leaves, by the study's name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from larq_focal.bench.study.answer import answer_text, missing_text, winner_text
from larq_focal.bench.study.comparison import Comparison
from larq_focal.bench.study.point_summary import PointSummary, light_table, light_text, points_table
from larq_focal.files import write_text, written_whole

HERE = Path(__file__).parent
PAGE, DATA = HERE / "study_results.md", HERE / "data/studies"
MARKERS = "osD^vPX<>*"
INTRODUCTION = """\
# Results of the studies

<!-- Written by docs/study_results.py: change that, or the results, and run `make docs`. -->

What the [studies](studies.md) of this package gave on small budgets, each with what its budget is too small for.
Accuracies are those of converted files: mean and standard deviation over the seeds, in the pictures from the lowest to
the highest. Costs are medians; latencies were taken on a machine with other work, and tell no small differences.
Registers: whether the network fits the pixel array SCAMP-5.
"""


def results() -> list[dict[str, Any]]:
    """The studies that have been run, by name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*.json"))]


def picture(study: dict[str, Any]) -> str:
    """Where the picture of a study lies, from the page."""
    return f"images/studies/{study['study']}.png"


def page() -> str:
    """The page as it must be for the results that there are."""
    parts = [INTRODUCTION, *(part for study in results() for part in _section(study))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(study: dict[str, Any]) -> list[str]:
    data, points = study["dataset"], _points(study)
    seeds, compared = max(len(point.seeds) for point in points), Comparison(points, study["compare"])
    images = f"{data['train']:,} training and {data['test']:,} test images of {data['title']}"
    shown = "by the light" if points[0].light else f"against {compared.cost.title}"
    parts = [
        f"## {study['title']}",
        study["question"],
        f"`larq-focal study {study['study']}`, {seeds} seeds, {images}.",
        " ".join(filter(None, (f"**{answer_text(compared)}**", winner_text(points), missing_text(study["missing"])))),
        study["limits"],
        f"![Accuracy {shown}, each network over its seeds]({picture(study)})",
        points_table(points),
    ]
    if light := light_table(points):
        parts += ["Accuracy (%) in so many times the light:", light]
    return [part for part in parts if part]


def _points(study: dict[str, Any]) -> list[PointSummary]:
    return [PointSummary.from_dict(point) for point in study["points"]]


def draw(study: dict[str, Any]) -> None:
    """Draws what the study asks for: accuracy by the light, or against the cost that it compares."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    points = _points(study)
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    if points[0].light:
        _draw_light(axes, points)
    else:
        _draw_cost(axes, Comparison(points, study["compare"]))
    axes.set_ylabel("accuracy (%)")
    axes.grid(color="#dddddd", linewidth=0.5)
    figure.legend(loc="outside right upper", fontsize=7, frameon=False)
    with written_whole(HERE / picture(study)) as file:
        figure.savefig(file, format="png", dpi=120, metadata={"Software": None})
    pyplot.close(figure)


def _draw_light(axes: Any, points: list[PointSummary]) -> None:
    for index, point in enumerate(points):
        accuracies = [100 * accuracy for accuracy in point.light.values()]
        axes.plot([*point.light], accuracies, f"{_marker(index)}-", label=point.title, markersize=5)
    axes.set_xscale("log", base=2)
    axes.set_xticks([*points[0].light], [light_text(factor) for factor in points[0].light])
    axes.set_xlabel("light, relative to that of the training")


def _draw_cost(axes: Any, compared: Comparison) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    known = [point for point in compared.points if compared.cost_of(point) is not None]
    unit, size = compared.cost.unit([compared.cost_of(point) for point in known])
    front = [(compared.cost_of(point) / size, 100 * point.accuracy) for point in compared.front]
    axes.plot(
        *zip(*front, strict=True), ":", drawstyle="steps-post", color="#999999", label="no other is better in both"
    )
    for index, point in enumerate(known):
        mean, low, high = (100 * each for each in (point.accuracy, min(point.accuracies), max(point.accuracies)))
        place = (compared.cost_of(point) / size, mean, [[mean - low], [high - mean]])
        axes.errorbar(*place, fmt=_marker(index), label=point.title, capsize=2)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(f"{compared.cost.title}{f' ({unit})' if unit else ''}, logarithmic")


def _marker(index: int) -> str:
    """Colours repeat after ten networks, markers do so later: no two of a picture look alike."""
    return MARKERS[(index + index // 10) % len(MARKERS)]


if __name__ == "__main__":
    for each in results():
        draw(each)
    write_text(PAGE, page())

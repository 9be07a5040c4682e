"""What a study found: each network over its seeds, the best, and the one beyond which more cost brings little."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, stdev
from typing import Any

from larq_focal.bench.records.schema import Record
from larq_focal.bench.study.cost import COSTS, Cost
from larq_focal.bench.study.study_file import Study
from larq_focal.bench.study.trial import Trial
from larq_focal.report.pareto import pareto_front
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, add_words, new_table, pipe_table
from larq_focal.text import UNKNOWN, counted

FORMAT = "larq_focal.study/1"
_ROUNDING = 1e-9


@dataclass(frozen=True)
class PointSummary:
    """One network of a study over its seeds.

    Attributes:
        title: Of the point.
        seeds: Those that are finished; the others of the point's values are None where there are none.
        accuracies: Of the converted files, one for each seed.
        costs: Medians over the seeds by name of the cost; None where one is not known.
        verdict: Of the register fit of the first seed.
        sensor: The sensor of that.
        light: Mean accuracy by the factor of the light, in a study of that.
    """

    title: str
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    costs: Mapping[str, float | None]
    verdict: str | None
    sensor: str | None
    light: Mapping[float, float] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Mean over the seeds."""
        return fmean(self.accuracies)

    @property
    def deviation(self) -> float:
        """Standard deviation over the seeds; 0 for one."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else 0.0

    @property
    def accuracy_text(self) -> str:
        """Mean and standard deviation in %: 98.45 ± 0.12, or 98.45 for one seed."""
        spread = f" ± {100 * self.deviation:.2f}" if len(self.accuracies) > 1 else ""
        return f"{100 * self.accuracy:.2f}{spread}"

    def ties_with(self, other: PointSummary) -> bool:
        """Whether the accuracies of both overlap: none of the two is better with every seed."""
        return max(min(self.accuracies), min(other.accuracies)) <= min(max(self.accuracies), max(other.accuracies))


@dataclass(frozen=True, repr=False)
class Summary(Result):
    """A study with what was found, and what is missing.

    Attributes:
        study: The study.
        dataset: Title, training images and test images of the data.
        points: Those of which at least one seed is finished, in the study's order.
        missing: Titles of the points with the seeds that are not finished.
    """

    study: Study
    dataset: Mapping[str, Any]
    points: tuple[PointSummary, ...]
    missing: Mapping[str, tuple[int, ...]]

    @property
    def headline(self) -> str:
        return f"{self.study.title}: {self.answer}"

    def __rich__(self):
        from rich.console import Group
        from rich.text import Text

        table = new_table(self.study.title)
        add_name(table, "network")
        add_figures(table, "accuracy (%)", "seeds", self.compared.title)
        add_words(table, "registers")
        for point in sorted(self.points, key=lambda point: -point.accuracy):
            table.add_row(
                Text(point.title),
                point.accuracy_text,
                str(len(point.seeds)),
                self.cost_text(point),
                (point.verdict or "-").lower(),
            )
        notes = [self.answer, self.missing_text, self.study.limits]
        return Group(table, *(part for note in notes if note for part in (Text(), Text(note))))

    @property
    def compared(self) -> Cost:
        """The cost that the study sets against accuracy."""
        return COSTS[self.study.compare]

    @property
    def front(self) -> list[PointSummary]:
        """The points that no other dominates in accuracy and that cost, by rising cost."""
        known = [point for point in self.points if self.cost_of(point) is not None]
        costs = [float(self.cost_of(point) or 0) for point in known]
        return [known[i] for i in pareto_front(costs, [point.accuracy for point in known])]

    def cost_of(self, point: PointSummary) -> float | None:
        """What the study sets against accuracy, of one point."""
        return point.costs[self.study.compare]

    @property
    def best(self) -> PointSummary:
        """The most accurate point; of equals the one that costs less."""
        return max(self.points, key=lambda point: (point.accuracy, -(self.cost_of(point) or math.inf)))

    @property
    def knee(self) -> PointSummary | None:
        """The point of the front that is farthest above the line between its ends, over the logarithm of the cost.

        None where the front has fewer than three points. Satopää, Albrecht, Irwin and Raghavan, "Finding a Kneedle in a
        Haystack", ICDCS workshops 2011.
        """
        front = self.front
        if len(front) < 3 or min(self.cost_of(point) or 0 for point in front) <= 0:
            return None
        costs = [math.log(self.cost_of(point) or 1) for point in front]
        values = [point.accuracy for point in front]
        width, height = costs[-1] - costs[0], values[-1] - values[0]
        if not width or not height:
            return None
        above = [
            (value - values[0]) / height - (cost - costs[0]) / width for cost, value in zip(costs, values, strict=True)
        ]
        farthest = max(range(len(front)), key=above.__getitem__)
        return front[farthest] if above[farthest] > _ROUNDING else None

    @property
    def answer(self) -> str:
        """The answer in a sentence or two: the most accurate, who ties with it, and the knee."""
        best = self.best
        ties = [point for point in self.points if point is not best and point.ties_with(best)]
        text = f"Most accurate is “{best.title}”: {best.accuracy_text} %{self._at_cost(best)}"
        if ties:
            cheapest = min([best, *ties], key=lambda point: self.cost_of(point) or math.inf)
            text += f"; {counted(len(ties), 'other')} cannot be told from it by these seeds"
            if cheapest is not best:
                text += f", of which “{cheapest.title}” costs least ({self.cost_text(cheapest)})"
        knee = self.knee
        if knee is not None and knee is not best:
            text += f". The knee is “{knee.title}”: {knee.accuracy_text} %{self._at_cost(knee)}"
            text += f", {100 * (best.accuracy - knee.accuracy):.2f} points below the best"
            if self.cost_of(best) is not None:
                text += (
                    f" at 1/{(self.cost_of(best) or 0) / (self.cost_of(knee) or 1):.1f} of its {self.compared.title}"
                )
        return f"{text}."

    def cost_text(self, point: PointSummary) -> str:
        """What the study sets against accuracy, of one point, as text."""
        cost = self.cost_of(point)
        return UNKNOWN if cost is None else self.compared.text(cost)

    def _at_cost(self, point: PointSummary) -> str:
        return f" at {self.cost_text(point)} of {self.compared.title}" if self.cost_of(point) is not None else ""

    @property
    def missing_text(self) -> str | None:
        """Which trials are missing; None where all are there."""
        if not self.missing:
            return None
        rows = [
            f"{title} (seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))})"
            for title, seeds in self.missing.items()
        ]
        return f"Missing: {'; '.join(rows)}."

    def table(self) -> str:
        """A Markdown table with a row for each point."""
        header = ["network", "accuracy (%)", "seeds", *(cost.title for cost in COSTS.values()), "registers"]
        rows = [
            [
                point.title,
                point.accuracy_text,
                str(len(point.seeds)),
                *("-" if (value := point.costs[key]) is None else cost.text(value) for key, cost in COSTS.items()),
                (point.verdict or "-").lower(),
            ]
            for point in self.points
        ]
        return pipe_table(header, rows, right=header[1:-1])

    def light_table(self) -> str | None:
        """A Markdown table of accuracies in other light, in %; None where the study does not ask for it."""
        if not self.study.light:
            return None
        factors = [light_text(factor) for factor in self.study.light]
        rows = [
            [point.title, *(f"{100 * point.light[factor]:.1f}" for factor in self.study.light)] for point in self.points
        ]
        return pipe_table(["light", *factors], rows, right=factors)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        study = self.study
        return {
            "format": FORMAT,
            "study": study.name,
            "title": study.title,
            "question": study.question,
            "limits": study.limits,
            "compare": study.compare,
            "dataset": dict(self.dataset),
            "answer": self.answer,
            "missing": {title: list(seeds) for title, seeds in self.missing.items()},
            "points": [
                {
                    "title": point.title,
                    "seeds": list(point.seeds),
                    "accuracies": list(point.accuracies),
                    "accuracy": point.accuracy,
                    "deviation": point.deviation,
                    "costs": dict(point.costs),
                    "verdict": point.verdict,
                    "sensor": point.sensor,
                    "light": {light_text(factor): accuracy for factor, accuracy in point.light.items()},
                }
                for point in self.points
            ],
        }


def light_text(factor: float) -> str:
    """The factor of a light: x 1/32, x 8."""
    return f"x {factor:g}" if factor >= 1 else f"x 1/{1 / factor:g}"


def summarized(
    study: Study, records: Mapping[Trial, Record], light: Mapping[Trial, Mapping[float, float]] | None = None
) -> Summary:
    """The summary of a study.

    Args:
        study: The study.
        records: Of its finished trials; there is at least one.
        light: Their accuracies by the factor of the light, in a study of that.
    """
    by_point: dict[int, dict[int, Record]] = {}
    for trial, record in records.items():
        by_point.setdefault(trial.index, {})[trial.recipe.seed] = record
    missing: dict[str, tuple[int, ...]] = {}
    for index, point in enumerate(study.points):
        absent = tuple(seed for seed in range(study.seeds) if seed not in by_point.get(index, {}))
        if absent:
            missing[point.title] = absent
    first = next(iter(records.values()))
    dataset = {key: first["dataset"][key] for key in ("name", "title", "source", "train", "test")}
    by_light: dict[int, list[Mapping[float, float]]] = {}
    for trial, accuracies in (light or {}).items():
        by_light.setdefault(trial.index, []).append(accuracies)
    points = tuple(
        _point(study.points[index].title, by_point[index], by_light.get(index, ())) for index in sorted(by_point)
    )
    return Summary(study, dataset, points, missing)


def _point(title: str, by_seed: Mapping[int, Record], light: Sequence[Mapping[float, float]]) -> PointSummary:
    seeds = sorted(by_seed)
    records = [by_seed[seed] for seed in seeds]
    fit = records[0]["fit"] or {}
    return PointSummary(
        title=title,
        seeds=tuple(seeds),
        accuracies=tuple(record["accuracy"]["value"] for record in records),
        costs={key: _median([cost.of(record) for record in records]) for key, cost in COSTS.items()},
        verdict=fit.get("verdict"),
        sensor=fit.get("sensor"),
        light={factor: fmean(each[factor] for each in light) for factor in (light[0] if light else ())},
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None

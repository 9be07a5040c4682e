"""One network of a study over its seeds, and tables of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from statistics import fmean, median, stdev
from typing import Any

from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.winner import is_binary
from larq_focal.bench.study.cost import COSTS
from larq_focal.tables import pipe_table

Light = Mapping[float, float]
"""Accuracy by the factor of the light."""


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
        is_binary: Whether layers of it were meant to be binary; None in results that do not tell.
        light: Mean accuracy by the factor of the light, in a study of that.
    """

    title: str
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    costs: Mapping[str, float | None]
    verdict: str | None
    sensor: str | None
    is_binary: bool | None = None
    light: Light = field(default_factory=dict)

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

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        figures = {"accuracy": self.accuracy, "deviation": self.deviation}
        light = {light_text(factor): accuracy for factor, accuracy in self.light.items()}
        lists = {"seeds": [*self.seeds], "accuracies": [*self.accuracies], "costs": dict(self.costs), "light": light}
        return {**asdict(self), **lists, **figures}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> PointSummary:
        """The point that :meth:`to_dict` wrote.

        Raises:
            KeyError: it wrote something else.
        """
        return cls(
            content["title"],
            tuple(content["seeds"]),
            tuple(content["accuracies"]),
            content["costs"],
            content["verdict"],
            content["sensor"],
            content.get("is_binary"),
            {light_factor(text): accuracy for text, accuracy in content["light"].items()},
        )


def point_summary(title: str, by_seed: Mapping[int, Record], light: Sequence[Light] = ()) -> PointSummary:
    """The summary of a point by the records of its seeds, with its accuracies in other light, if there are any."""
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
        is_binary=is_binary(records[0]),
        light={factor: fmean(each[factor] for each in light) for factor in (light[0] if light else ())},
    )


def points_table(points: Sequence[PointSummary]) -> str:
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
        for point in points
    ]
    return pipe_table(header, rows, right=header[1:-1])


def light_table(points: Sequence[PointSummary]) -> str | None:
    """A Markdown table of accuracies in other light, in %; None where there are none."""
    if not points[0].light:
        return None
    factors = [light_text(factor) for factor in points[0].light]
    rows = [[point.title, *(f"{100 * accuracy:.1f}" for accuracy in point.light.values())] for point in points]
    return pipe_table(["light", *factors], rows, right=factors)


def light_text(factor: float) -> str:
    """The factor of a light: x 1/32, x 8."""
    return f"x {factor:g}" if factor >= 1 else f"x 1/{1 / factor:g}"


def light_factor(text: str) -> float:
    """The factor that :func:`light_text` wrote."""
    number, _, divisor = text.removeprefix("x ").partition("/")
    return float(Fraction(number) / Fraction(divisor or 1))


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None

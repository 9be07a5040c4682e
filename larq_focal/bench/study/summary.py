"""What a study found: its networks over their seeds, as text, tables and plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from larq_focal.bench.records.schema import Record
from larq_focal.bench.study.answer import answer_text, missing_text, winner_text
from larq_focal.bench.study.comparison import Comparison
from larq_focal.bench.study.point_summary import Light, PointSummary, light_table, point_summary, points_table
from larq_focal.bench.study.study_file import Study
from larq_focal.bench.study.trial import Trial
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, add_words, new_table

FORMAT = "larq_focal.study/1"


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

        table, compared = new_table(self.study.title), self.compared
        add_name(table, "network")
        add_figures(table, "accuracy (%)", "seeds", compared.cost.title)
        add_words(table, "registers")
        for point in sorted(self.points, key=lambda point: -point.accuracy):
            table.add_row(
                Text(point.title),
                point.accuracy_text,
                str(len(point.seeds)),
                compared.cost_text(point),
                (point.verdict or "-").lower(),
            )
        notes = [self.answer, self.winner, self.missing_text, self.study.limits]
        return Group(table, *(part for note in notes if note for part in (Text(), Text(note))))

    @property
    def compared(self) -> Comparison:
        """The points by accuracy and the cost that the study sets against it."""
        return Comparison(self.points, self.study.compare)

    @property
    def answer(self) -> str:
        """The answer in a sentence or two: the most accurate, who ties with it, and the knee."""
        return answer_text(self.compared)

    @property
    def winner(self) -> str | None:
        """Who wins at equal accuracy; None where binary networks or others are missing."""
        return winner_text(self.points)

    @property
    def missing_text(self) -> str | None:
        """Which trials are missing; None where all are there."""
        return missing_text(self.missing)

    def table(self) -> str:
        """A Markdown table with a row for each point."""
        return points_table(self.points)

    def light_table(self) -> str | None:
        """A Markdown table of accuracies in other light, in %; None where the study does not ask for it."""
        return light_table(self.points)

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
            "winner": self.winner,
            "missing": {title: list(seeds) for title, seeds in self.missing.items()},
            "points": [point.to_dict() for point in self.points],
        }


def summarized(study: Study, records: Mapping[Trial, Record], light: Mapping[Trial, Light] | None = None) -> Summary:
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
    by_light: dict[int, list[Light]] = {}
    for trial, accuracies in (light or {}).items():
        by_light.setdefault(trial.index, []).append(accuracies)
    points = tuple(
        point_summary(study.points[index].title, by_point[index], by_light.get(index, ())) for index in sorted(by_point)
    )
    return Summary(study, dataset, points, missing)

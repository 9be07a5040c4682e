"""A run as the report shows it: its record, a label of its own, and one look in all figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.texts import is_least_count, microcontroller_text, microcontroller_texts

COLOURS = 8  # --run-0 to --run-7 of style.css
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "pentagon", "cross", "x")


def colour_of(position: int) -> str:
    """The colour of what stands at a position, a variable of the style sheet."""
    return f"var(--run-{position % COLOURS})"


def symbol_of(position: int) -> str:
    """Tells apart where colours do not; seven of them, so that no pair repeats for 56 positions."""
    return SYMBOLS[position % len(SYMBOLS)]


@dataclass(frozen=True)
class Run:
    """A record with a label that no other run of the data set has, and its position among the labels."""

    record: Record
    label: str
    position: int

    @property
    def colour(self) -> str:
        return colour_of(self.position)

    @property
    def symbol(self) -> str:
        return symbol_of(self.position)

    @property
    def program(self) -> Record | None:
        """What its compiled program does on the sensor; None where there is none, as in older records."""
        return (self.record["fit"] or {}).get("program")

    @property
    def accuracy(self) -> float:
        return self.record["accuracy"]["value"]

    @property
    def is_least_count(self) -> bool:
        """Whether parameters and multiply-accumulates are least values: parts of the network could not be counted."""
        return is_least_count(self.record)

    @property
    def parameter_bytes(self) -> int:
        return self.record["cost"]["totals"]["parameter_bytes"]

    @property
    def latency_ms(self) -> float | None:
        return self.record["timing"] and self.record["timing"]["median_ms"]

    @property
    def on_board(self) -> dict[str, str | None]:
        """What it takes on a microcontroller, by the name of the figure; nothing in older records."""
        return microcontroller_texts(self.record)

    @property
    def on_board_text(self) -> str | None:
        return microcontroller_text(self.record)

    @property
    def has_learned(self) -> bool:
        """Whether its record has a curve of its own; what is made of another run's network has none."""
        return bool(self.record["history"])

    @property
    def mistakes(self) -> int:
        """How many of the test images the converted network got wrong."""
        return self.record["accuracy"]["total"] - self.record["accuracy"]["correct"]

    @property
    def verdict(self) -> str | None:
        """Of the register fit, one of ``Verdict``, or None where there is no fit."""
        return self.record["fit"] and self.record["fit"]["verdict"]


def runs_by_dataset(records: Sequence[Record]) -> list[list[Run]]:
    """The runs of each data set, in the order in which they come; a label looks the same in all data sets."""
    datasets: dict[str, list[Record]] = {}
    for record in records:
        datasets.setdefault(record["dataset"]["name"], []).append(record)
    positions: dict[str, int] = {}
    return [
        [Run(record, label, positions.setdefault(label, len(positions))) for record, label in _labelled(group)]
        for group in datasets.values()
    ]


def _labelled(records: list[Record]) -> list[tuple[Record, str]]:
    """Titles; where several runs share one, their seeds are added, and numbers where these do not tell them apart."""
    titles = Counter(record["title"] for record in records)
    seeds = Counter((record["title"], record["settings"]["seed"]) for record in records)
    seen: Counter[str] = Counter()
    labelled = []
    for record in records:
        title, seed = record["title"], record["settings"]["seed"]
        seen[title] += 1
        if titles[title] == 1:
            label = title
        elif seeds[title, seed] == 1:
            label = f"{title}, seed {seed}"
        else:
            label = f"{title} ({seen[title]})"
        labelled.append((record, label))
    return labelled

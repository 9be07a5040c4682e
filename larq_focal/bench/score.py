"""The score of a network in one row: accuracy, latency, first inference, memory, and the change against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larq_focal.bench.records.record_file import read_record, record_paths
from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.texts import machine_text
from larq_focal.bench.rerun import results_on
from larq_focal.datasets.dataset import load_dataset
from larq_focal.deploy.timing import time
from larq_focal.result import Result
from larq_focal.text import BYTES, MILLISECONDS, accuracy_text, in_one_unit

_LATENCIES = {"p50": "median_ms", "p90": "p90_ms", "p99": "p99_ms", "first": "first_ms"}


@dataclass(frozen=True)
class Score:
    """One network.

    Attributes:
        name: Of the run, or of the file.
        accuracy: As in a run record; None where no data set was given.
        data: Title of that data set.
        timing: As in a run record; None where it was not timed.
    """

    name: str
    accuracy: Mapping[str, float] | None
    data: str | None
    timing: Mapping[str, Any] | None

    @property
    def memory_bytes(self) -> int | None:
        """At its peak, for the prepared model and an inference; None where it was not measured."""
        memory = (self.timing or {}).get("memory")
        return memory and memory["preparation_bytes"] + memory["inference_bytes"]

    @property
    def latencies_ms(self) -> dict[str, float | None]:
        """Median, 90th and 99th percentile, and the first inference."""
        return {name: (self.timing or {}).get(key) for name, key in _LATENCIES.items()}

    def change(self, baseline: Score) -> dict[str, float | None]:
        """Points of accuracy more than ``baseline``, and how many times its median latency and its memory."""
        points = None
        if self.accuracy and baseline.accuracy and self.data == baseline.data:
            points = 100 * (self.accuracy["value"] - baseline.accuracy["value"])
        return {
            "accuracy_points": points,
            "latency_ratio": _ratio(self.latencies_ms["p50"], baseline.latencies_ms["p50"]),
            "memory_ratio": _ratio(self.memory_bytes, baseline.memory_bytes),
        }


@dataclass(frozen=True, repr=False)
class Scores(Result):
    """Networks, a row for each, and the one that they are compared with, if there is one."""

    rows: tuple[Score, ...]
    baseline: Score | None = None

    @property
    def headline(self) -> str:
        return ", ".join(row.name for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "rows": [
                {
                    "name": row.name,
                    "dataset": row.data,
                    "accuracy": row.accuracy,
                    **{f"{name}_ms": value for name, value in row.latencies_ms.items()},
                    "memory_bytes": row.memory_bytes,
                    "machine": row.timing and machine_text(row.timing["machine"]),
                    "change": self.baseline and row.change(self.baseline),
                }
                for row in self.rows
            ],
            "baseline": self.baseline and self.baseline.name,
        }

    def __rich__(self):
        from rich.console import Group
        from rich.text import Text

        from larq_focal.tables import add_figures, add_name, add_words, heading, new_table

        times = [value for row in self.rows for value in row.latencies_ms.values()]
        unit, shown_times = in_one_unit(times, MILLISECONDS)
        memory_unit, memories = in_one_unit([row.memory_bytes for row in self.rows], BYTES)
        table = new_table(tight=True)
        add_name(table, "network")
        add_words(table, "accuracy (95 %)")
        add_figures(table, *(heading(name, unit) for name in _LATENCIES), heading("memory", memory_unit))
        for number, row in enumerate(self.rows):
            cells = [Text(row.name), accuracy_text(row.accuracy) if row.accuracy else "-"]
            cells += shown_times[len(_LATENCIES) * number :][: len(_LATENCIES)]
            cells.append(memories[number])
            table.add_row(*cells)
        lines = [f"Accuracy on {', '.join(data)}." for data in [_different(row.data for row in self.rows)] if data]
        machines = _different(row.timing and machine_text(row.timing["machine"]) for row in self.rows)
        if machines:
            lines.append(f"Timed on {'; '.join(machines)}.")
        changes = (self._changes(self.baseline), Text()) if self.baseline else ()
        return Group(table, Text(), *changes, Text("\n".join(lines), "dim"))

    def _changes(self, baseline: Score):
        from rich.text import Text

        from larq_focal.tables import add_figures, add_name, new_table

        table = new_table(f"Against {baseline.name}")
        add_name(table, "network")
        add_figures(table, "points of accuracy", "times p50", "times memory")
        for row in self.rows:
            points, *ratios = row.change(baseline).values()
            shown = ["-" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
            table.add_row(Text(row.name), "-" if points is None else f"{points:+.2f}", *shown)
        return table


def scorecard(
    paths: Sequence[str | Path],
    *,
    baseline: str | Path | None = None,
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    threads: int = 1,
    engine: str = "auto",
) -> Scores:
    """The scores of converted files, which are timed here, and of runs, of which the records are read.

    Args:
        paths: ``.tflite`` files, run records (``.json``), or folders of results.
        baseline: one more of these, that the others are compared with.
        dataset: data set for the accuracy of ``.tflite`` files; None for none.
        data_dir: see :func:`larq_focal.datasets.load_dataset`.
        threads: for ``.tflite`` files.
        engine: for ``.tflite`` files; see ``Runtime``.

    Raises:
        FileNotFoundError: there is no such file, or no record in a folder.
        RecordError: a record is damaged.
        ValueError: the baseline is a folder of several runs, or what ``time`` and ``load_dataset`` raise.
    """
    data = load_dataset(dataset, data_dir) if dataset else None

    def rows_of(path: Path) -> list[Score]:
        if path.suffix == ".tflite":
            accuracy = results_on(path, data)["accuracy"] if data else None
            timing = time(path, threads=threads, engine=engine, memory=True).to_dict()
            return [Score(path.name, accuracy, data and data.title, timing)]
        records = [path] if path.suffix == ".json" else record_paths(path)
        return [_of_record(read_record(file)) for file in records]

    compared = None
    if baseline is not None:
        candidates = rows_of(Path(baseline))
        if len(candidates) > 1:
            raise ValueError(f"'{baseline}' holds {len(candidates)} runs: name the .json file of one as the baseline.")
        (compared,) = candidates
    return Scores(tuple(row for path in paths for row in rows_of(Path(path))), compared)


def _of_record(record: Record) -> Score:
    return Score(record["title"], record["accuracy"], record["dataset"]["title"], record["timing"])


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _different(texts) -> list[str]:
    return sorted({text for text in texts if text})

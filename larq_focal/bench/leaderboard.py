"""Results that are checked against their files, and merged into one list: the best runs of several machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larq_focal.bench.records.parts import describe_file
from larq_focal.bench.records.record_file import read_record, record_paths
from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.texts import machine_text, parameters_text
from larq_focal.bench.rerun import DataOfRecords, results_on
from larq_focal.messages import short
from larq_focal.result import Result
from larq_focal.tables import pipe_table
from larq_focal.text import accuracy_text, counted, time_text


@dataclass(frozen=True)
class Entry:
    """One network on one data set, with the records of every machine that has run it.

    Attributes:
        record: The first of its records.
        timings: Median latency in ms by machine.
    """

    record: Record
    timings: Mapping[str, float]


@dataclass(frozen=True, repr=False)
class Leaderboard(Result):
    """What was checked.

    Attributes:
        entries: Networks whose records are right, by data set, the most accurate first.
        faults: What is wrong, by the path of the record.
        checked: How many records were looked at.
    """

    entries: tuple[Entry, ...]
    faults: Mapping[str, str]
    checked: int

    @property
    def headline(self) -> str:
        return f"{counted(self.checked, 'record')} checked, {counted(len(self.faults), 'fault')}"

    @property
    def verdict(self) -> str:
        return "FAULTS" if self.faults else "RIGHT"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "checked": self.checked,
            "faults": dict(self.faults),
            "entries": [
                {
                    "dataset": entry.record["dataset"]["title"],
                    "title": entry.record["title"],
                    "accuracy": entry.record["accuracy"],
                    "sha256": entry.record["file"]["sha256"],
                    "median_ms": dict(entry.timings),
                }
                for entry in self.entries
            ],
        }

    def rows(self) -> list[tuple[str, ...]]:
        """A row of text for each network: place, data set, network, seed, accuracy, parameters, latencies."""
        rows, places = [], dict[str, int]()
        for entry in self.entries:
            record, data = entry.record, entry.record["dataset"]["title"]
            places[data] = places.get(data, 0) + 1
            latencies = "; ".join(f"{time_text(ms)} on {machine}" for machine, ms in entry.timings.items())
            seed = record["settings"]["seed"]
            rows.append(
                (
                    str(places[data]),
                    data,
                    record["title"],
                    "-" if seed is None else str(seed),
                    accuracy_text(record["accuracy"]),
                    parameters_text(record),
                    latencies or "-",
                )
            )
        return rows

    def table(self) -> str:
        """The list in Markdown."""
        return pipe_table(HEADER, self.rows(), right=("place", "seed", "parameters"))

    def __rich__(self):
        from rich.console import Group
        from rich.text import Text

        from larq_focal.tables import listed, new_table

        table = new_table("Leaderboard")
        for name in HEADER:
            table.add_column(name, justify="right" if name in ("place", "seed", "parameters") else "left")
        for row in self.rows():
            table.add_row(*map(Text, row))
        faults = listed("Faults", [Text(f"{path}: {fault}") for path, fault in self.faults.items()])
        return Group(table, Text(), Text(f"{self.headline}."), *faults)


HEADER = ("place", "data set", "network", "seed", "accuracy (95 %)", "parameters", "median latency")


def check_results(
    folders: Sequence[str | Path],
    *,
    data_dir: str | Path | None = None,
    rerun: bool = True,
    show: Callable[[str], None] = lambda line: None,
) -> Leaderboard:
    """Checks the run records in folders, also of other machines, and merges those that are right.

    Each record must be complete, name a file beside it that has its size and SHA-256, and have exactly the accuracy and
    the confusion matrix that this file has on the test images. One network that several machines have timed is one
    entry. Needs no TensorFlow.

    Args:
        folders: where to look, in folders below too.
        data_dir: see :func:`larq_focal.datasets.load_dataset`.
        rerun: whether to run the files on the test images; without, accuracies are believed.
        show: called with the name of each record as it is checked.

    Raises:
        FileNotFoundError: there is no such folder, or no record in it.
    """
    data = DataOfRecords(data_dir) if rerun else None
    right: list[Record] = []
    faults: dict[str, str] = {}
    paths = [path for folder in folders for path in record_paths(folder)]
    for path in paths:
        show(str(path))
        try:
            record = read_record(path)
            _check_file(record, path.parent, data)
        except (ValueError, OSError, RuntimeError, ImportError) as error:
            faults[str(path)] = short(error)
        else:
            right.append(record)
    return Leaderboard(tuple(_merged(right)), faults, len(paths))


def _check_file(record: Record, folder: Path, data: DataOfRecords | None) -> None:
    """Raises a ValueError for a record whose file is another, or has other results."""
    told = record["file"]
    path = folder / Path(told["name"]).name
    if not path.is_file():
        raise ValueError(f"its file '{told['name']}' is not beside it")
    if describe_file(path) != told:
        raise ValueError(f"'{path.name}' is not the file that it describes: size or SHA-256 differ")
    if data is None:
        return
    found = results_on(path, data.of(record))
    for part in ("accuracy", "confusion"):
        if found[part] != record[part]:
            now, then = found["accuracy"]["correct"], record["accuracy"]["correct"]
            raise ValueError(
                f"the file has {now:,} of {found['accuracy']['total']:,} images right, but the record says {then:,}"
                if part == "accuracy"
                else "the file confuses other classes than the record says"
            )


def _merged(records: Sequence[Record]) -> Iterator[Entry]:
    """One entry for each network on each data set, by data set and falling accuracy."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record["dataset"]["title"], record["file"]["sha256"]), []).append(record)
    for _, group in sorted(groups.items(), key=lambda item: (item[0][0], -item[1][0]["accuracy"]["value"])):
        timed = [record["timing"] for record in group if record["timing"]]
        fastest: dict[str, float] = {}
        for timing in timed:
            machine = machine_text(timing["machine"])
            fastest[machine] = min(fastest.get(machine, timing["median_ms"]), timing["median_ms"])
        yield Entry(group[0], fastest)

"""Runs that a benchmark could not make, told by the record of the run that they are made of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from larq_focal.bench.records.record_file import read_record, write_record
from larq_focal.bench.records.schema import Record

_KEY = "not_made"


def note_not_made(folder: Path, made_of: str, run: str, title: str, reason: str) -> None:
    """Notes in the record of the run ``made_of`` that another one could not be made of it, and why."""
    path = folder / f"{made_of}.json"
    record = read_record(path)
    others = [each for each in record.get(_KEY, []) if each["run"] != run]
    write_record({**record, _KEY: [*others, {"run": run, "title": title, "reason": reason}]}, path)


def not_made(records: Iterable[Record]) -> list[Record]:
    """What could not be made among the runs of a benchmark, but for what was made later: run, title and reason."""
    records = list(records)
    made = {record["run"] for record in records}
    found = {each["run"]: each for record in records for each in record.get(_KEY, [])}
    return [each for run, each in found.items() if run not in made]

"""Files of run records: read and checked, and written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

from larq_focal.bench.records.checks import RecordError, check_record
from larq_focal.bench.records.schema import Record
from larq_focal.files import existing_file, write_text
from larq_focal.messages import short

_OTHER_FORMATS = ("larq_focal.study/1",)
"""Of JSON files that lie among records and are none."""


def read_records(folder: str | Path) -> list[Record]:
    """The records of one results folder, in the order in which the runs were started.

    Raises:
        FileNotFoundError: there is no such folder, or no record in it.
        RecordError: a file is not a record, or an incomplete one.
    """
    folder = Path(folder)
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise FileNotFoundError(f"There are no run records (*.json) in '{folder}'. `larq-focal bench` writes them.")
    return sorted(map(read_record, paths), key=lambda record: record["environment"]["started"])


def record_paths(folder: str | Path) -> list[Path]:
    """The files of run records in a folder and below it: all JSON files that do not say that they are something else.

    Raises:
        FileNotFoundError: there is no such folder, or no record in it.
    """
    paths = [path for path in sorted(Path(folder).rglob("*.json")) if _may_be_record(path)]
    if not paths:
        raise FileNotFoundError(f"There are no run records (*.json) in '{folder}' or in folders below it.")
    return paths


def _may_be_record(path: Path) -> bool:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError):
        return True  # a damaged record, perhaps
    return not (isinstance(content, dict) and content.get("format") in _OTHER_FORMATS)


def read_record(path: str | Path) -> Record:
    """The run record in a file.

    Raises:
        FileNotFoundError: there is no such file.
        RecordError: it is not a record, or an incomplete one.
    """
    path = existing_file(path)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecordError(f"'{path}' is not JSON ({short(error)}). Remove it, or run its bench again.") from error
    check_record(record, f"'{path}'")
    return record


def write_record(record: dict, path: Path) -> None:
    write_text(path, json.dumps(record, indent=1, allow_nan=False) + "\n")

"""Whether a run record holds what its schema says; the message tells all that it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from larq_focal.bench.records.mistakes import mistake_problems
from larq_focal.bench.records.schema import (
    CALIBRATION,
    EQUAL_TO,
    ESTIMATES,
    FORMAT,
    KERAS,
    MEMORY,
    MICROCONTROLLER,
    MISTAKES,
    NOT_MADE,
    PERCENTILES,
    PROGRAM,
    REDUCTION,
    SCHEMA,
    TEXT_OR_NONE,
    OrNone,
    Record,
)
from larq_focal.messages import shown

_SHOWN = 8  # problems in one message
_LARGEST = 1e18


class RecordError(ValueError):
    """A run record lacks something; the message names the record and what it lacks."""


def check_record(record: Any, name: str) -> None:
    """Raises a RecordError that says what all ``record``, called ``name`` in the message, lacks."""
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        found = shown(record.get("format")) if isinstance(record, dict) else f"a {type(record).__name__}"
        raise RecordError(f"{name} is not a run record: its format is {found}, but this version reads {FORMAT!r}.")
    problems = _problems(record, SCHEMA, "") or [
        *_newer_problems(record),
        *_machine_problems(record),
        *_confusion_problems(record),
    ]
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise RecordError(f"{name} is not a complete run record: {'; '.join(problems[:_SHOWN])}{more}.")


def check_records(records: Sequence[Record]) -> None:
    """Raises a RecordError for the first record that is incomplete, or if there is none."""
    if not records:
        raise RecordError("A report needs at least one run record, but the list is empty.")
    for index, record in enumerate(records):
        run = record.get("run") if isinstance(record, dict) else None
        check_record(record, f"Record {index} ('{run}')")


def _problems(value: Any, schema: Any, path: str) -> list[str]:
    if isinstance(schema, OrNone):
        return [] if value is None else _problems(value, schema.schema, path)
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return [_is_not(path, "an object", value)]
        prefix = f"{path}." if path else ""
        missing = [f"'{prefix}{key}' is missing" for key in schema if key not in value]
        present = (key for key in schema if key in value)
        return missing + [problem for key in present for problem in _problems(value[key], schema[key], prefix + key)]
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [_is_not(path, "a list", value)]
        return [problem for i, item in enumerate(value) for problem in _problems(item, schema[0], f"{path}[{i}]")]
    is_fit = isinstance(value, schema) and (schema in (str, bool, dict) or _counts(value))
    return [] if is_fit else [_is_not(path, _name(schema), value)]


def _counts(value: float) -> bool:
    """Whether a number measures or counts something; JSON also has numbers without end, and Python's NaN."""
    return not isinstance(value, bool) and abs(value) < _LARGEST  # not so for NaN


def _machine_problems(record: Record) -> list[str]:
    """Problems of the names of machines, which not every machine has."""
    problems = []
    for part in ("environment", "timing"):
        machine = (record[part] or {}).get("machine", {})
        named = {key: TEXT_OR_NONE for key in ("board", "cpu") if key in machine}
        problems += _problems(machine, named, f"{part}.machine")
    return problems


def _newer_problems(record: Record) -> list[str]:
    """Problems of what older records do not have."""
    fit = record["fit"] or {}
    problems = _problems(fit, REDUCTION, "fit") if fit.get("data_reduction") else []
    for part, schema in (("estimates", ESTIMATES), ("program", PROGRAM), ("not_judged", [str])):
        if fit.get(part) is not None:
            problems += _problems(fit[part], schema, f"fit.{part}")
    if "keras" in record["environment"]:
        problems += _problems(record["environment"]["keras"], KERAS, "environment.keras")
    timing = record["timing"] or {}
    problems += _problems(timing, {key: number for key, number in PERCENTILES.items() if key in timing}, "timing")
    problems += _problems(timing.get("memory"), OrNone(MEMORY), "timing.memory")
    for part, schema in (("calibration", CALIBRATION), ("not_made", NOT_MADE), ("equal_to", EQUAL_TO)):
        if part in record:
            problems += _problems(record[part], schema, part)
    if "mistakes" in record:
        problems += _problems(record["mistakes"], MISTAKES, "mistakes") or mistake_problems(
            record["mistakes"], len(record["dataset"]["classes"])
        )
    return problems + _problems(record.get("microcontroller"), OrNone(MICROCONTROLLER), "microcontroller")


def _confusion_problems(record: Record) -> list[str]:
    classes, rows = len(record["dataset"]["classes"]), record["confusion"]
    if len(rows) == classes and all(len(row) == classes for row in rows):
        return []
    return [f"'confusion' is not a matrix of {classes} x {classes}, one row and column per class"]


def _is_not(path: str, wanted: str, value: Any) -> str:
    return f"'{path}' is not {wanted} but {shown(value, 40)}"


def _name(schema: Any) -> str:
    names = {str: "text", int: "a whole number", bool: "true or false", dict: "an object"}
    return names.get(schema, "a number")

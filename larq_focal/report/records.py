"""Run records: one JSON file per run of a bench. Here they are read and checked for what a report needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from larq_focal.files import existing_file
from larq_focal.messages import short, shown

FORMAT = "larq_focal.run/1"
_SHOWN = 8  # problems in one message
_LARGEST = 1e18
Record = dict[str, Any]


class RecordError(ValueError):
    """A run record lacks something; the message names the record and what it lacks."""


@dataclass(frozen=True)
class OrNone:
    """Marks a part of a record that may be null."""

    schema: Any


NUMBER = (int, float)
TEXT_OR_NONE = OrNone(str)

# A type is what a value must be, a dict the keys it must have (others may be there), a list what each item must be.
_AUDIT = {
    "file_bytes": int,
    "expected_bytes": int,
    "passed": bool,
    "layers": [
        {
            "layer": str,
            "kind": str,
            "intended": str,
            "became": str,
            "bytes": int,
            "expected_bytes": int,
            "reason": str,
            "fix": str,
        }
    ],
    "findings": [{"fault": str, "severity": str, "layer": str, "message": str, "fix": str}],
}
_NEED = {"needed": OrNone(int), "nominal": int, "held": OrNone(int), "usable": int}
_FIT = {
    "sensor": str,
    "registers": str,
    "verdict": str,
    "smallest_change": TEXT_OR_NONE,
    "icw": OrNone(int),
    "latency_lower_bound_us": OrNone(NUMBER),
    "layers": [
        {
            "name": str,
            "verdict": str,
            "schedule": TEXT_OR_NONE,
            "digital": _NEED,
            "analog": _NEED,
            "registers": [{"register": str, "role": str, "kind": str}],
            "icw": OrNone(int),
            "latency_lower_bound_us": OrNone(NUMBER),
            "changes": [str],
            "notes": [str],
        }
    ],
    "notes": [str],
    "unknown": [str],
}
# Parts of newer records.
_ESTIMATES = [
    {
        "kind": str,
        "source": str,
        "latency_us": OrNone(NUMBER),
        "frames_per_second": OrNone(NUMBER),
        "chip_energy_uj": OrNone(NUMBER),
        "system_energy_uj": OrNone(NUMBER),
        "left_out": [str],
    }
]
_REDUCTION = {"bits_read": int, "raw_bits": int, "raw_pixel_bits": int}
_PROGRAM = {
    "store_icw": int,
    "store_limit_icw": OrNone(int),
    "total_icw": int,
    "icw": dict,
    "instructions": dict,
    "calls": {"kernel_launch": int},
    "usable_digital": int,
    "usable_analog": int,
    "live_ranges": {
        "steps": int,
        "steps_per_part": int,
        "counts": {"digital": [int], "analog": [int]},
        "peak_digital": int,
        "peak_analog": int,
        "registers": [{"register": str, "kind": str, "ranges": [[int]]}],
    },
    "maps": [{"name": str, "kind": str, "height": int, "width": int, "pitch": [int], "places": [[int]]}],
    "exactness": [{"reference": str, "compared": int, "mismatching": int, "is_exact": bool}],
    "estimates": _ESTIMATES,
    "stepping": {
        "region": [int],
        "height": int,
        "width": int,
        "registers": [{"name": str, "kind": str}],
        "texts": [str],
        "step_count": int,
        "left_out": int,
        "steps": str,
        "data": str,
    },
}
_TIMING = {
    "engine": str,
    "threads": int,
    "min_ms": NUMBER,
    "median_ms": NUMBER,
    "p90_ms": NUMBER,
    "machine": dict,
    "notes": [str],
}
SCHEMA = {
    "format": str,
    "run": str,
    "title": str,
    "dataset": {"name": str, "title": str, "train": int, "test": int, "classes": [str], "source": str},
    "settings": {"seed": OrNone(int)},
    "environment": {"versions": dict, "machine": dict, "git": TEXT_OR_NONE, "started": str, "seconds": NUMBER},
    "history": [{"epoch": int, "loss": OrNone(NUMBER), "val_accuracy": OrNone(NUMBER)}],
    "keras_accuracy": NUMBER,
    "accuracy": {"correct": int, "total": int, "value": NUMBER, "low": NUMBER, "high": NUMBER},
    "confusion": [[int]],
    "agreement": OrNone({"samples": int, "same_class": int, "max_abs_difference": NUMBER}),
    "file": {"name": str, "bytes": int, "sha256": str},
    "audit": _AUDIT,
    "cost": {"totals": {"parameter_bytes": int, "float32_bytes": int, "ace": int, "peak_activation_bytes": int}},
    "timing": OrNone(_TIMING),
    "fit": OrNone(_FIT),
}


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
    problems = _problems(fit, _REDUCTION, "fit") if fit.get("data_reduction") else []
    for part, schema in (("estimates", _ESTIMATES), ("program", _PROGRAM), ("not_judged", [str])):
        if fit.get(part) is not None:
            problems += _problems(fit[part], schema, f"fit.{part}")
    return problems


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

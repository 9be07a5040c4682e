"""Where the runs come from: what all share is said once, what differs is said per run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from larq_focal.bench.records.schema import Record
from larq_focal.report.runs import Run

Facts = dict[tuple[str, str], str]
NONE = "-"
UNITS = {"gib": "GiB", "c": "°C", "ms": "ms", "hz": "Hz"}


@dataclass(frozen=True)
class Provenance:
    """Facts that all runs share, by group and name, and those that differ, with a value per run (NONE for none)."""

    shared: dict[str, dict[str, str]]
    differing: dict[str, list[str]]


def provenance(runs: Sequence[Run]) -> Provenance:
    """Sorts the facts about ``runs``: data set, settings, machine, timing, versions, times and files."""
    of_runs = [_facts(run.record) for run in runs]
    shared: dict[str, dict[str, str]] = {}
    differing: dict[str, list[str]] = {}
    for group, name in dict.fromkeys(key for facts in of_runs for key in facts):
        values = [facts.get((group, name), NONE) for facts in of_runs]
        if len(set(values)) == 1:
            shared.setdefault(group, {})[name] = values[0]
        else:
            differing[f"{group}: {name}"] = values
    return Provenance(shared, differing)


def _facts(record: Record) -> Facts:
    environment, timing = record["environment"], record["timing"] or {}
    machine, timed_on = environment["machine"], timing.get("machine", {})
    groups: dict[str, dict[str, Any]] = {
        "Run": {
            "started": environment["started"],
            "seconds": environment["seconds"],
            "Keras": _mapping(environment.get("keras")).get("name"),
            "git": environment["git"],
            "file": record["file"]["name"],
            "SHA-256": record["file"]["sha256"],
        },
        "Data": {
            "source": record["dataset"]["source"],
            "training images": record["dataset"]["train"],
            "test images": record["dataset"]["test"],
        },
        "Training": _spelled(record.get("training") or record["settings"])
        | {f"calibration {key}": value for key, value in _mapping(record.get("calibration")).items()},
        "Machine": _spelled(machine),
        "Timing": {key: timing.get(key) for key in ("engine", "threads", "runs", "warmup")}
        | _spelled({key: value for key, value in timed_on.items() if value != machine.get(key)}),
        "Versions": environment["versions"] | _mapping(timing.get("versions")),
    }
    return {
        (group, name): str(value)
        for group, facts in groups.items()
        for name, value in facts.items()
        if value is not None and value not in ("", {})
    }


def _spelled(facts: dict[str, Any]) -> dict[str, Any]:
    return {_words(key): value for key, value in facts.items()}


def _words(key: str) -> str:
    """The key ``memory_gib`` as "memory (GiB)"."""
    *words, last = key.split("_")
    return " ".join([*words, f"({UNITS[last]})" if words and last in UNITS else last])


def _mapping(part: Any) -> dict:
    """A part of newer records, of which no schema says what it is."""
    return part if isinstance(part, dict) else {}

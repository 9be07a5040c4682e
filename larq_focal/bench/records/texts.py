"""The words for parts of a run record, the same in tables, cards, pages and messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from larq_focal.bench.records.schema import Record
from larq_focal.text import accuracy_text, at_least, bytes_text, count_text


def machine_text(machine: Mapping[str, Any]) -> str:
    """What a machine is called: by its board, as "Raspberry Pi 4 Model B Rev 1.4", or else by its processor."""
    return str(machine.get("board") or machine.get("cpu") or "an unnamed machine")


def is_least_count(record: Record) -> bool:
    """Whether parameters and multiply-accumulates are least values: parts of the network could not be counted."""
    return record["cost"]["totals"].get("at_least", False)


def parameters_text(record: Record) -> str:
    """The memory of the parameters: 3.93 KiB, at least 3.93 KiB."""
    return at_least(is_least_count(record)) + bytes_text(record["cost"]["totals"]["parameter_bytes"])


def ace_text(record: Record) -> str:
    """The arithmetic of an image, in ACE: 12.4 M, at least 12.4 M."""
    return at_least(is_least_count(record)) + count_text(record["cost"]["totals"]["ace"])


def run_text(record: Record) -> str:
    """A finished run in one line."""
    agreement, timing = record["agreement"], record["timing"]
    return (
        f"{record['title']}: {accuracy_text(record['accuracy'])}, "
        f"{record['file']['bytes']:,} bytes, {timing['median_ms']:.3f} ms, {record['fit']['verdict']}; "
        f"same class as Keras on {agreement['same_class']:,} of {agreement['samples']:,}, "
        f"largest difference {agreement['max_abs_difference']:.2g}"
    )

"""The words for parts of a run record, the same in tables, cards, pages and messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from larq_focal.bench.records.schema import Record
from larq_focal.text import accuracy_text, at_least, bytes_text, count_text, energy_text, time_text


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


def microcontroller_texts(record: Record) -> dict[str, str | None]:
    """What a run takes on a microcontroller, by the name of the figure; None for what is not known.

    Time and energy, which are estimates, say so. Records without a microcontroller give nothing.
    """
    row = record.get("microcontroller")
    if row is None:
        return {}
    figures = {
        "flash": (row["flash_bytes"], bytes_text),
        "RAM": (row["ram_bytes"], bytes_text),
        "instructions": (row["instructions"], count_text),
        "time": (row["estimated_latency_ms"], lambda value: f"{time_text(value)} (estimate)"),
        "energy": (row["estimated_energy_uj"], lambda value: f"{energy_text(value)} (estimate)"),
    }
    return {name: None if value is None else text(value) for name, (value, text) in figures.items()}


def microcontroller_text(record: Record) -> str | None:
    """The same in one line: Cortex-M4: flash 12.3 KiB, RAM 2.78 KiB, instructions 1.38 M, time 17.2 ms (estimate).

    None for records without a microcontroller.
    """
    texts = microcontroller_texts(record)
    if not texts:
        return None
    known = ", ".join(f"{name} {text}" for name, text in texts.items() if text is not None)
    row = record["microcontroller"]
    return f"{row['microcontroller']}: {known or ' '.join(row['notes'])}"


def run_text(record: Record) -> str:
    """A finished run in one line."""
    agreement, timing, fit = record["agreement"], record["timing"], record["fit"]
    verdict = f", {fit['verdict']}" if fit else ""
    return (
        f"{record['title']}: {accuracy_text(record['accuracy'])}, "
        f"{record['file']['bytes']:,} bytes, {timing['median_ms']:.3f} ms{verdict}; "
        f"same class as Keras on {agreement['same_class']:,} of {agreement['samples']:,}, "
        f"largest difference {agreement['max_abs_difference']:.2g}"
    )

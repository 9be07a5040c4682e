"""The Markdown table of runs, for a terminal and for a README."""

from __future__ import annotations

from collections.abc import Iterable

from larq_focal.bench.records.not_made import not_made
from larq_focal.bench.records.texts import ace_text, microcontroller_text, parameters_text
from larq_focal.text import accuracy_text, bytes_text, time_text

COLUMNS = ("network", "accuracy (95 %)", "parameters", "file", "ACE", "median latency", "microcontroller", "registers")


def markdown_table(records: Iterable[dict]) -> str:
    """One row per run record, columns padded to the same width, so that it reads as text too.

    Below it stands what could not be made, with the reason.
    """
    records = list(records)
    rows = [COLUMNS, *([cell.replace("|", "\\|") for cell in _row(record)] for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]))
    table = "\n".join(f"| {line} |" for line in lines)
    return "\n".join([table, *(f"{each['title']}: not made, {each['reason']}" for each in not_made(records))])


def _row(record: dict) -> tuple[str, ...]:
    timing, fit = record["timing"], record["fit"]
    return (
        record["title"],
        accuracy_text(record["accuracy"]),
        parameters_text(record),
        bytes_text(record["file"]["bytes"]),
        ace_text(record),
        time_text(timing["median_ms"]) if timing else "-",
        microcontroller_text(record) or "-",
        fit["verdict"].lower() if fit else "-",
    )

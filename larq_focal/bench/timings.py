"""Timing the converted models of finished runs again: on a device, or once the machine is quiet."""

from __future__ import annotations

from pathlib import Path

from larq_focal.bench.records.parts import describe_file
from larq_focal.bench.records.record_file import write_record
from larq_focal.deploy.timing import time
from larq_focal.report import markdown_table, read_records, write_report


def retime(folder: str | Path, *, threads: int = 1, engine: str = "auto", say=print) -> Path:
    """Times the models in ``folder`` on this machine, renews their records and the report, and returns its path.

    A results folder may be copied to a Raspberry Pi for this; it takes no TensorFlow.

    Args:
        folder: where a benchmark left its records and models.
        threads: of each inference.
        engine: as for ``larq_focal.time``.
        say: called with a line for each model.

    Raises:
        FileNotFoundError: there are no records, or a model is missing.
        RecordError: a record is damaged.
        ValueError: a model is not the one that its record describes.
    """
    folder = Path(folder)
    records = read_records(folder)
    for record in records:
        model = folder / record["file"]["name"]
        if describe_file(model)["sha256"] != record["file"]["sha256"]:
            raise ValueError(f"'{model}' is not the model that '{record['run']}.json' describes: copy both again.")
    for record in records:
        record["timing"] = time(folder / record["file"]["name"], threads=threads, engine=engine, memory=True).to_dict()
        write_record(record, folder / f"{record['run']}.json")
        say(f"{record['title']}: {record['timing']['median_ms']:.4f} ms by {record['timing']['engine']}")
    say(markdown_table(records))
    return write_report(records, folder / "report.html")

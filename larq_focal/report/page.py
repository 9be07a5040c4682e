"""Assembles the report: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from larq_focal.bench.records.checks import check_records
from larq_focal.bench.records.not_made import not_made
from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.texts import machine_text
from larq_focal.bench.records.winner import winner_text
from larq_focal.files import write_text
from larq_focal.report.headline import headline_cards
from larq_focal.report.html import json_in_script, render
from larq_focal.report.provenance import provenance
from larq_focal.report.register_maps import ROLE_GROUPS, register_maps
from larq_focal.report.runs import Run, runs_by_dataset
from larq_focal.report.wrong_examples import wrong_examples


def write_report(records: Sequence[Record], path: str | Path) -> Path:
    """Writes one self-contained HTML file that shows all runs, and returns its path.

    Args:
        records: run records as ``read_records`` gives them; those of several folders may be put together, and runs
            on different data sets come under tabs of their own.
        path: where the file goes; it is written whole or not at all.

    Raises:
        RecordError: there is no record, or one is incomplete; the message says which and what it lacks.
    """
    check_records(records)
    return write_text(path, render_page(runs_by_dataset(records)))


def render_page(datasets: Sequence[Sequence[Run]]) -> str:
    """The HTML of the runs of each data set; ``page.html`` escapes all that comes from records."""
    programs = {
        f"data{index}-program{number}": run.program
        for index, runs in enumerate(datasets)
        for number, run in enumerate(runs)
        if run.program
    }
    return render(
        "page.html",
        _figures(datasets, programs),
        scripts=("page.js", "stepper.js") if programs else ("page.js",),
        panels=[_panel(index, runs) for index, runs in enumerate(datasets)],
        role_groups=[*ROLE_GROUPS, "other"],
        steppings={place: json_in_script(program["stepping"]) for place, program in programs.items()},
    )


def _panel(index: int, runs: Sequence[Run]) -> dict:
    """What the template shows of one data set."""
    intervals = [run.record["accuracy"] for run in runs]
    timings = [run.record["timing"] for run in runs if run.record["timing"]]
    return {
        "id": f"data{index}",
        "dataset": runs[0].record["dataset"],
        "runs": runs,
        "ranked": sorted(runs, key=lambda run: -run.accuracy),
        "cards": headline_cards(runs),
        "low": min(interval["low"] for interval in intervals),
        "high": max(interval["high"] for interval in intervals),
        "timed_on": sorted({machine_text(timing["machine"]) for timing in timings}),
        "disturbed": sum(bool(timing["notes"]) for timing in timings),
        "timed": len(timings),
        "winner": winner_text([run.record for run in runs]),
        "not_made": not_made(run.record for run in runs),
        "wrong": {run.label: wrong_examples(run) for run in runs},
        "registers": {run.label: register_maps(run) for run in runs},
        "provenance": provenance(runs),
    }


def _figures(datasets: Sequence[Sequence[Run]], programs: Mapping[str, Record]) -> dict[str, Any]:
    """All plots by the id of their place in the page."""
    from larq_focal.report import figures
    from larq_focal.report.confusion import confusion_figure
    from larq_focal.report.program_figures import program_figures

    drawn = {}
    for index, runs in enumerate(datasets):
        drawn[f"data{index}-memory"] = figures.memory_figure(runs)
        drawn[f"data{index}-latency"] = figures.latency_figure(runs)
        drawn[f"data{index}-loss"] = figures.loss_figure(runs)
        drawn[f"data{index}-accuracy"] = figures.accuracy_figure(runs)
        for number, run in enumerate(runs):
            drawn[f"data{index}-confusion{number}"] = confusion_figure(run)
            if run.has_learned:
                drawn[f"data{index}-learning{number}"] = figures.learning_figure(run)
    for place, program in programs.items():
        drawn |= program_figures(program, place)
    return drawn

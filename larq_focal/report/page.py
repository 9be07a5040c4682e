"""Assembles the report: one HTML file that needs nothing else, not even a network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from larq_focal.cost.text import bytes_text, count_text, time_text
from larq_focal.files import write_text
from larq_focal.report.headline import headline_cards
from larq_focal.report.provenance import provenance
from larq_focal.report.records import Record, check_records
from larq_focal.report.registers import ROLE_GROUPS, register_maps
from larq_focal.report.runs import Run, runs_by_dataset


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
    # Imported here, because together they take a second that readers of records need not wait for.
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=PackageLoader("larq_focal.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"bytes": bytes_text, "count": count_text, "percent": _percent, "time": time_text}
    scripts = [_in_script(script) for script in (get_plotlyjs(), _own_file("page.js"))]
    return environment.get_template("page.html").render(
        panels=[_panel(index, runs) for index, runs in enumerate(datasets)],
        role_groups=[*ROLE_GROUPS, "other"],
        figures=_json_in_script(_figures(datasets)),
        style=_own_file("style.css"),
        scripts=scripts,
        script_hashes=[_hash(script) for script in scripts],
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
        "timed_on": sorted({_place(timing) for timing in timings}),
        "disturbed": sum(bool(timing["notes"]) for timing in timings),
        "timed": len(timings),
        "registers": {run.label: register_maps(run) for run in runs},
        "provenance": provenance(runs),
    }


def _figures(datasets: Sequence[Sequence[Run]]) -> dict[str, dict]:
    """All plots by the id of their place in the page."""
    from larq_focal.report import figures

    drawn = {}
    for index, runs in enumerate(datasets):
        drawn[f"data{index}-memory"] = figures.memory_figure(runs)
        drawn[f"data{index}-latency"] = figures.latency_figure(runs)
        drawn[f"data{index}-loss"] = figures.loss_figure(runs)
        drawn[f"data{index}-accuracy"] = figures.accuracy_figure(runs)
        for number, run in enumerate(runs):
            drawn[f"data{index}-confusion{number}"] = figures.confusion_figure(run)
    return {name: figure.to_plotly_json() for name, figure in drawn.items()}


def _json_in_script(value: object) -> str:
    """JSON that cannot end the script element it stands in, nor hold a number that JSON does not know."""
    from plotly.utils import PlotlyJSONEncoder

    text = json.dumps(value, cls=PlotlyJSONEncoder, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _in_script(code: str) -> str:
    """Trusted code of ours and of plotly, whose strings must not end the script element."""
    return code.replace("</script", "<\\/script")


def _hash(script: str) -> str:
    """The only scripts that the page allows the browser to run are those with these hashes."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _own_file(name: str) -> str:
    return (resources.files("larq_focal.report") / name).read_text(encoding="utf-8")


def _place(timing: Record) -> str:
    machine = timing["machine"]
    return machine.get("board") or machine.get("cpu") or "an unnamed machine"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"

"""The page of one program: what it takes, what its registers hold when, and its steps to walk through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.files import write_text
from larq_focal.report.html import json_in_script, render

Record = dict[str, Any]


def write_program_page(program: Record, path: str | Path) -> Path:
    """Writes one self-contained HTML file, and returns its path.

    Args:
        program: as ``ProgramReport.to_page()`` of ``larq_focal.focal_plane.inspection`` gives it.
        path: where the file goes; it is written whole or not at all.
    """
    from larq_focal.report.program_figures import program_figures

    page = render(
        "program.html",
        program_figures(program, "program"),
        scripts=("page.js", "stepper.js"),
        program=program,
        steppings={"program": json_in_script(program["stepping"])},
    )
    return write_text(path, page)

"""What rich prints, as plain text."""

from __future__ import annotations

import io
import shutil
from typing import Any

_USUAL_WIDTH, _LEAST_WIDTH, _MOST_WIDTH = 80, 60, 120


def as_text(renderable: Any, width: int | None = None) -> str:
    """What rich prints, without colours and without spaces at the ends of lines.

    Args:
        renderable: a result, or anything that rich prints.
        width: in characters; by default that of the terminal within 60 to 120, or 80 where there is none.
    """
    from rich.console import Console

    if width is None:
        columns = shutil.get_terminal_size((_USUAL_WIDTH, 24)).columns
        width = min(max(columns, _LEAST_WIDTH), _MOST_WIDTH)
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False, legacy_windows=False)
    console.print(renderable)
    return "\n".join(line.rstrip() for line in console.file.getvalue().rstrip().split("\n"))

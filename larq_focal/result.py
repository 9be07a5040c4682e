"""What every result of this package has in common: it prints as its table, in a terminal and in a notebook."""

from __future__ import annotations

import io
import shutil
from abc import ABC, abstractmethod
from typing import Any

_USUAL_WIDTH, _LEAST_WIDTH, _MOST_WIDTH = 80, 60, 120


class Result(ABC):
    """``print`` shows the table that the command shows, a notebook an HTML table, and ``repr`` one line.

    Subclasses tell their ``headline``, and what rich prints in ``__rich__``.
    """

    @property
    @abstractmethod
    def headline(self) -> str:
        """What it is and what came out, in a few words."""

    @abstractmethod
    def __rich__(self) -> Any: ...

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.headline}>"

    def _repr_html_(self) -> str:
        from larq_focal.notebook import as_html

        return as_html(self)


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

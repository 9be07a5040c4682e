"""What every result of this package has in common: it prints as its table, in a terminal and in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from larq_focal.plain_text import as_text


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

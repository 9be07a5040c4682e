"""How long work tells what it is doing, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable

DEFAULT_LIMIT_S = 60.0  # of a fit

Progress = Callable[[str], None]  # called with one line of text, before each part of the work


def silent(line: str) -> None:
    """Tells nobody."""

"""How long work tells what it is doing."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]  # called with one line of text, before each part of the work


def silent(line: str) -> None:
    """Tells nobody."""

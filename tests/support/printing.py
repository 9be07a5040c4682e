"""What a user reads on the terminal."""

from __future__ import annotations

from rich.console import Console


def printed(item) -> str:
    console = Console(width=100, record=True)
    console.print(item)
    return console.export_text()

"""What a result looks like on a terminal."""

from __future__ import annotations

import io

from rich.console import Console


def printed(result, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(result)
    return console.file.getvalue()

"""What a user reads on the terminal."""

from __future__ import annotations

from typing import Any

from larq_focal.plain_text import as_text


def printed(item: Any, width: int = 100) -> str:
    return as_text(item, width)

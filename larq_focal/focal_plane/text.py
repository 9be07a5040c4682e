"""Counts in sentences."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """1 plane, 2 planes, 1,024 planes."""
    return f"{count:,} {noun}{'s' if count != 1 else ''}"

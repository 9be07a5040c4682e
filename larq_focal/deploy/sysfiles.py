"""Reads the small text files in which Linux tells about a machine."""

from __future__ import annotations

from pathlib import Path


def text(path: Path) -> str | None:
    """What the file holds, or None where it is missing, empty or cannot be read."""
    try:
        return path.read_text(errors="replace").strip(" \0\n") or None
    except OSError:
        return None


def number(path: Path) -> int | None:
    """The whole number that the file holds, or None."""
    try:
        return int(text(path) or "")
    except ValueError:
        return None


def fields(path: Path) -> dict[str, str]:
    """``key : value`` or ``key=value`` lines; of repeated keys the first."""
    found: dict[str, str] = {}
    for line in (text(path) or "").splitlines():
        key, separator, value = line.partition("=" if "=" in line.partition(":")[0] else ":")
        if separator:
            found.setdefault(key.strip(), value.strip().strip('"'))
    return found

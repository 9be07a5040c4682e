"""Reads the small text files in which Linux tells about a machine, and asks a Raspberry Pi's firmware."""

from __future__ import annotations

import shutil
import subprocess
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


def ask_firmware(*question: str) -> str | None:
    """What ``vcgencmd`` answers, or None where there is no such tool or no answer."""
    command = shutil.which("vcgencmd")
    if command is None:
        return None
    try:
        done = subprocess.run([command, *question], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None

"""The files of the package by their modules, as they lie on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import larq_focal

PACKAGE = Path(larq_focal.__file__).parent


def modules_in(folder: Path) -> dict[str, Path]:
    """The files of a package by the full names of their modules."""
    modules = {}
    for place, _, files in os.walk(folder, followlinks=True):
        for file in (Path(place, name) for name in files if name.endswith(".py")):
            parts = (folder.name, *file.relative_to(folder).with_suffix("").parts)
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return modules

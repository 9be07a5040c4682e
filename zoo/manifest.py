"""The manifest of pretrained weights, and whether a file is the one that it names."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

MIRROR_VARIABLE = "LARQ_FOCAL_ZOO_URL"
_CHUNK = 1 << 16


class DownloadError(RuntimeError):
    """A file could not be had; the message says why and what to do."""


@dataclass(frozen=True)
class WeightsFile:
    """A row of the manifest.

    Attributes:
        name: Name of the file, ``<model>-<data set>.npz``.
        bytes: Its size.
        sha256: Its SHA-256 in hexadecimal.
        address: Where the project releases it; None while it only lies in the repository.
    """

    name: str
    bytes: int
    sha256: str
    address: str | None = None


def manifest() -> dict[str, WeightsFile]:
    """All pretrained weights, by ``<model>-<data set>``."""
    rows = json.loads(files("larq_focal.zoo").joinpath("pretrained", "manifest.json").read_text())
    return {row["name"].removesuffix(".npz"): WeightsFile(**row) for row in rows}


def is_right(path: Path, row: WeightsFile) -> bool:
    """Whether there is a file at ``path`` that has the size and the SHA-256 of ``row``."""
    return size(path) == row.bytes and digest(path) == row.sha256


def size(path: Path) -> int:
    """Bytes of the file, 0 where there is none."""
    return path.stat().st_size if path.is_file() else 0


def digest(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        found = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()

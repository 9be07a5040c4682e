"""Run records: one JSON file per finished run, written whole or not at all."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import subprocess
from pathlib import Path

import numpy as np

from larq_focal.deploy.machine import describe_machine
from larq_focal.files import write_text

_PACKAGES = (
    "larq_focal",
    "larq",
    "larq-zoo",
    "larq-compute-engine",
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "numpy",
)
_Z_95 = 1.959964


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95 % confidence interval of a proportion (Wilson, "Probable Inference", JASA 1927)."""
    share, spread = correct / total, _Z_95**2 / total
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))  # rounding must not exclude it


def accuracy_of(predicted: np.ndarray, labels: np.ndarray) -> dict:
    """Accuracy with its interval, from predicted and true classes ``[n]``."""
    correct, total = int(np.sum(predicted == labels)), len(labels)
    low, high = wilson_interval(correct, total)
    return {"correct": correct, "total": total, "value": correct / total, "low": low, "high": high}


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray, classes: int) -> list[list[int]]:
    """Counts with a row per true class and a column per predicted class."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).tolist()


def describe_file(path: Path) -> dict:
    """Name, size in bytes and SHA-256 of a file."""
    content = path.read_bytes()
    return {"name": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def describe_environment(started: str, seconds: float) -> dict:
    """Versions, machine and git revision of a run that began at ``started`` (ISO 8601) and took ``seconds``."""
    return {
        "versions": {name: _version(name) for name in _PACKAGES},
        "machine": describe_machine(),
        "git": _git_revision(),
        "started": started,
        "seconds": round(seconds, 1),
    }


def write_record(record: dict, path: Path) -> None:
    write_text(path, json.dumps(record, indent=1, allow_nan=False) + "\n")


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git_revision() -> str | None:
    """Revision of the checkout that the package runs from, with ``-dirty`` for uncommitted changes; None elsewhere."""
    here = Path(__file__)
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None  # installed into an environment that may itself lie in someone else's checkout
    return _git(here.parent, "describe", "--always", "--dirty", "--abbrev=12")


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()

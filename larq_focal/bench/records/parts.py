"""Parts of a run record that are computed from results: accuracy, confusion, and what a file is."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np

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

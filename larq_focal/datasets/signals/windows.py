"""What the data sets of signals share: bytes as a microcontroller takes them, and a split by people."""

from __future__ import annotations

import numpy as np

Arrays = dict[str, np.ndarray]
"""``x_train``, ``y_train``, ``x_test``, ``y_test``: windows uint8 ``[n, steps, channels]``, labels int64 ``[n]``."""


def as_bytes(values: np.ndarray, full_scale: float) -> np.ndarray:
    """Values in [-full_scale, full_scale) as uint8, clipped beyond: ``round(value * 128 / full_scale) + 128``."""
    return np.clip(np.rint(np.asarray(values, np.float64) * (128 / full_scale)) + 128, 0, 255).astype(np.uint8)


def split_by_subject(signals: np.ndarray, labels: np.ndarray, subjects: np.ndarray, tested: range) -> Arrays:
    """Windows of the subjects in ``tested`` for the test, those of all others for training."""
    is_tested = np.isin(subjects, tested)
    return {
        "x_train": signals[~is_tested],
        "y_train": labels[~is_tested],
        "x_test": signals[is_tested],
        "y_test": labels[is_tested],
    }

"""UniMiB SHAR: a telephone's accelerometer, nine activities and eight ways to fall, 30 people, windows of 3 seconds.

Source: Micucci, Mobilio and Napoletano, "UniMiB SHAR: A Dataset for Human Activity Recognition Using Acceleration Data
from Smartphones", Applied Sciences 7(10), 2017; its arrays ``acc_data`` ``[n, 453]``, 151 values of x, then of y, then
of z, and ``acc_labels`` ``[n, 3]``, activity from 1, subject and trial.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from larq_focal.datasets.errors import DatasetError
from larq_focal.datasets.rows import DatasetRow
from larq_focal.datasets.signals.windows import Arrays, as_bytes, split_by_subject

DATA, LABELS = "acc_data", "acc_labels"
_TESTED = range(25, 31)
"""Subjects whose windows are the test's, the last 6 of 30: nobody is in both parts."""


def load(row: DatasetRow, data_dir: Path | None) -> tuple[Arrays, str]:
    """The windows, and where they came from.

    Args:
        row: what the data set is.
        data_dir: folder with ``acc_data.mat`` and ``acc_labels.mat``.

    Raises:
        DatasetError: there are no such files, they hold something else, or scipy is missing.
    """
    if data_dir is None:
        raise DatasetError(
            f"UniMiB SHAR is not downloaded for you: give a folder that holds {DATA}.mat and {LABELS}.mat."
        )
    data, labels = (_array(data_dir / f"{name}.mat", name) for name in (DATA, LABELS))
    steps, channels = row.shape
    if data.shape[1:] != (steps * channels,) or labels.shape != (len(data), 3):
        raise DatasetError(
            f"'{data_dir}': {DATA} is {list(data.shape)} and {LABELS} {list(labels.shape)}, but they must be "
            f"[n, {steps * channels}] and [n, 3]."
        )
    if not np.isfinite(data).all():
        raise DatasetError(f"'{data_dir / DATA}.mat' holds values that are not numbers.")
    signals = as_bytes(data.reshape(-1, channels, steps).transpose(0, 2, 1), row.full_scale)
    activities, subjects = labels[:, 0].astype(np.int64) - 1, labels[:, 1]
    return split_by_subject(signals, activities, subjects, _TESTED), f"{DATA}.mat"


def _array(path: Path, name: str) -> np.ndarray:
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise DatasetError(f"'{path}' is read by scipy, which is not installed: pip install scipy.") from error
    try:
        array = loadmat(path)[name]
    except Exception as error:  # scipy raises errors of many kinds for damaged files
        reason = f"{type(error).__name__}: {error}"
        raise DatasetError(f"'{path}' is not the file of UniMiB SHAR with the array {name} ({reason}).") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "iuf":
        raise DatasetError(f"'{path}': {name} is not a table of numbers.")
    return array

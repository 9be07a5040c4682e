"""WISDM's activity prediction data: a telephone's accelerometer in the pocket, six activities, 36 people, 20 Hz.

Source: Kwapisz, Weiss and Moore, "Activity Recognition using Cell Phone Accelerometers", SensorKDD 2010;
https://www.cis.fordham.edu/wisdm/dataset.php, version 1.1. Its raw file has records ``user,activity,timestamp,x,y,z;``,
some of which share a line, and some are cut off.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np

from larq_focal.datasets.errors import DatasetError
from larq_focal.datasets.rows import DatasetRow
from larq_focal.datasets.signals.windows import Arrays, as_bytes, split_by_subject

FILE = "WISDM_ar_v1.1_raw.txt"
_TESTED = range(29, 37)
"""Users whose windows are the test's, the last 8 of 36: nobody is in both parts."""


def load(row: DatasetRow, data_dir: Path | None) -> tuple[Arrays, str]:
    """The windows, half overlapping, each within one recording of one user's activity; and where they came from.

    Args:
        row: what the data set is.
        data_dir: folder with the raw file.

    Raises:
        DatasetError: there is no such file, or it holds something else.
    """
    if data_dir is None:
        raise DatasetError(f"WISDM is not downloaded for you: give a folder that holds {FILE}.")
    path = data_dir / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"'{path}' cannot be read ({error}). Unpack it from WISDM's archive again.") from error
    records = [record for record in re.split(r"[;\n]", text) if record.strip(" ,\r")]
    kept = [found for record in records if (found := _record(record, row))]
    if not kept or 2 * len(kept) < len(records):
        raise DatasetError(f"'{path}': {len(records) - len(kept):,} of {len(records):,} records are not WISDM's.")
    users, labels = (np.array([record[part] for record in kept]) for part in (0, 1))
    signal = as_bytes(np.array([record[2] for record in kept]), row.full_scale)
    starts = _window_starts((np.diff(users) != 0) | (np.diff(labels) != 0), row.shape[0])
    signals = signal[starts[:, None] + np.arange(row.shape[0])]
    return split_by_subject(signals, labels[starts], users[starts], _TESTED), path.name


def _window_starts(changes: np.ndarray, steps: int) -> np.ndarray:
    """Where the windows begin: half overlapping, and none across one of the ``changes`` between neighbours."""
    edges = [0, *(np.flatnonzero(changes) + 1), len(changes) + 1]
    return np.concatenate([np.arange(start, end - steps + 1, steps // 2) for start, end in itertools.pairwise(edges)])


def _record(text: str, row: DatasetRow) -> tuple[int, int, tuple[float, ...]] | None:
    """User, label and the three values of a record; None for one that is cut off."""
    parts = text.strip().rstrip(",").split(",")
    if len(parts) != 6 or parts[1] not in row.classes:
        return None
    try:
        values = tuple(map(float, parts[3:]))
        user = int(parts[0])
    except ValueError:
        return None
    return (user, row.classes.index(parts[1]), values) if np.isfinite(values).all() else None

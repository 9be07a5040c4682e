"""BasicMotions: a smart watch while its bearer stands, runs, walks or plays badminton; 40 and 40 windows of 10 seconds.

Source: the UEA multivariate archive, Bagnall et al., 2018, https://arxiv.org/abs/1811.00075, in files of its ``.ts``
format. The packages sktime and aeon bring them; they are read where those lie, which need not be imported.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from larq_focal.datasets.errors import DatasetError
from larq_focal.datasets.rows import DatasetRow
from larq_focal.datasets.signals.windows import Arrays, as_bytes

_FILES = {"train": "BasicMotions_TRAIN.ts", "test": "BasicMotions_TEST.ts"}
_PACKAGES = ("sktime", "aeon")


def load(row: DatasetRow, data_dir: Path | None) -> tuple[Arrays, str]:
    """The windows, and where they came from.

    Args:
        row: what the data set is.
        data_dir: folder with the two files; None for those of an installed package.

    Raises:
        DatasetError: there are no such files, or they hold something else.
    """
    folder, source = (data_dir, _FILES["train"]) if data_dir else _installed()
    arrays: Arrays = {}
    for split, name in _FILES.items():
        arrays[f"x_{split}"], arrays[f"y_{split}"] = _read(folder / name, row)
    return arrays, source


def _installed() -> tuple[Path, str]:
    for package in _PACKAGES:
        spec = find_spec(package)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            folder = Path(location) / "datasets" / "data" / "BasicMotions"
            if folder.is_dir():
                return folder, f"{package}, {_FILES['train']}"
    raise DatasetError(
        f"BasicMotions comes with a package that is not installed: pip install sktime. Or give a folder that holds "
        f"{' and '.join(_FILES.values())}."
    )


def _read(path: Path, row: DatasetRow) -> tuple[np.ndarray, np.ndarray]:
    """Bytes ``[n, steps, channels]`` and labels: a line for each window, its channels and class with colons between."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"'{path}' cannot be read ({error}). BasicMotions has {' and '.join(_FILES.values())}."
        ) from error
    signals, labels = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line[0] in "#@":
            continue
        *channels, label = line.strip().split(":")
        try:
            signal = np.array([channel.split(",") for channel in channels], np.float64).T
        except ValueError:
            signal = np.empty(0)
        if signal.shape != row.shape or not np.isfinite(signal).all() or label not in row.classes:
            raise DatasetError(
                f"'{path}', line {number}: not {row.shape[1]} channels of {row.shape[0]} numbers and one of "
                f"{', '.join(row.classes)}."
            )
        signals.append(as_bytes(signal, row.full_scale))
        labels.append(row.classes.index(label))
    if not signals:
        raise DatasetError(f"'{path}' holds no windows.")
    return np.stack(signals), np.array(labels)

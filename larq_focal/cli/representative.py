"""Representative samples for int8, from a file or a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from larq_focal.datasets.names import own_images
from larq_focal.datasets.rows import DATASETS

_CALIBRATED_ON, _MEASURED_ON = 500, 1000
LABELS = "labels"


def representative_samples(named: str | None, data, data_dir: Path | None) -> dict[str, Any]:
    """The arguments ``representative``, ``labels`` and ``data`` of ``larq_focal.convert``.

    Of a data set, training images calibrate, and test images tell the accuracy, scaled as for the benchmark.

    Args:
        named: a file or a data set, or None.
        data: samples to compare on, which are given otherwise, or None.
        data_dir: folder of the data set.

    Raises:
        OSError: the file cannot be read.
        ValueError: it does not hold arrays, or the data set cannot be loaded.
    """
    if named is None:
        return {"data": data}
    if named not in DATASETS and not own_images(named):
        return {"data": data, **_from_file(Path(named))}
    from larq_focal.datasets.dataset import as_input, load_dataset

    dataset = load_dataset(named, data_dir)
    representative = as_input(dataset.x_train[:_CALIBRATED_ON])
    if data is not None:
        return {"representative": representative, "data": data}
    measured, labels = as_input(dataset.x_test[:_MEASURED_ON]), dataset.y_test[:_MEASURED_ON]
    return {"representative": representative, "data": measured, "labels": labels}


def _from_file(path: Path) -> dict[str, Any]:
    from larq_focal.arrays import NPZ, read_npz
    from larq_focal.deploy.inputs import read_array

    if path.suffix.lower() != NPZ:
        return {"representative": read_array(path)}
    arrays = read_npz(path)
    labels = arrays.pop(LABELS, None)
    if not arrays:
        raise ValueError(f"'{path}' holds no samples: it needs an array for each input of the network.")
    return {"representative": next(iter(arrays.values())) if len(arrays) == 1 else arrays, "labels": labels}

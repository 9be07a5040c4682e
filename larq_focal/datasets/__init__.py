"""Data sets of images and signals, for training and for judging: a row for each in ``rows``, and one loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.datasets.dataset import Dataset, DatasetError, as_input, load_dataset
    from larq_focal.datasets.rows import DATASETS

__all__ = ["DATASETS", "Dataset", "DatasetError", "as_input", "load_dataset"]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "dataset": ("Dataset", "DatasetError", "as_input", "load_dataset"),
            "rows": ("DATASETS",),
        },
    )

"""The benchmark: data sets, the suite of runs, their records, and the runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.bench.datasets import DATASETS, Dataset, DatasetError, load_dataset
    from larq_focal.bench.runner import run_bench
    from larq_focal.bench.suite import SUITE, Entry
    from larq_focal.bench.timings import retime

__all__ = ["DATASETS", "SUITE", "Dataset", "DatasetError", "Entry", "load_dataset", "retime", "run_bench"]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__,
        {
            "datasets": ("DATASETS", "Dataset", "DatasetError", "load_dataset"),
            "runner": ("run_bench",),
            "suite": ("SUITE", "Entry"),
            "timings": ("retime",),
        },
    )

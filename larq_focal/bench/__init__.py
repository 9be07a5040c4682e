"""The benchmark: data sets, the suite of runs, their records, and the runner."""

from typing import TYPE_CHECKING

from larq_focal.bench.datasets import DATASETS, Dataset, DatasetError, load_dataset
from larq_focal.bench.retime import retime
from larq_focal.bench.suite import SUITE, Entry

__all__ = ["DATASETS", "SUITE", "Dataset", "DatasetError", "Entry", "load_dataset", "retime", "run_bench"]


if TYPE_CHECKING:
    from larq_focal.bench.runner import run_bench
else:

    def __getattr__(name: str):
        if name == "run_bench":  # brings TensorFlow, which the names above do without
            from larq_focal.bench.runner import run_bench

            return run_bench
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

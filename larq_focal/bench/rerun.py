"""A converted file on the test images again: the accuracy that it has, exactly. Needs no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.bench.records.parts import accuracy_of, confusion_matrix
from larq_focal.bench.records.schema import Record
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.datasets.drawn import drawn
from larq_focal.deploy.runtime import Runtime


def results_on(model: str | Path | Runtime, data: Dataset, inputs: np.ndarray | None = None) -> dict[str, Any]:
    """Accuracy and confusion matrix of a file on the test images of a data set, as a run record has them.

    Args:
        model: path of the file, or what runs it.
        data: the data set.
        inputs: what the network gets of the test images in place of what it was trained with.

    Raises:
        ValueError: the file does not take such images, or gives no scores for such classes.
        EngineError: it cannot be run here.
    """
    runtime = model if isinstance(model, Runtime) else Runtime(model)
    outputs = runtime.run(as_input(data.x_test) if inputs is None else inputs)
    if outputs.shape != (len(data.x_test), len(data.classes)):
        raise ValueError(
            f"'{runtime.name}' gives outputs {list(outputs.shape)}, but {data.title} has {len(data.classes)} classes."
        )
    predicted = outputs.argmax(-1)
    return {
        "accuracy": accuracy_of(predicted, data.y_test),
        "confusion": confusion_matrix(predicted, data.y_test, len(data.classes)),
    }


class DataOfRecords:
    """The data that runs were made on, loaded once for all of a data set.

    Args:
        data_dir: see :func:`larq_focal.datasets.load_dataset`.
    """

    def __init__(self, data_dir: str | Path | None = None):
        self._data_dir = data_dir
        self._loaded: dict[str, Dataset] = {}

    def of(self, record: Record) -> Dataset:
        """The data of a run.

        Raises:
            DatasetError: it is missing, or smaller than that of the run.
            ValueError: it is other data than that of the run.
        """
        told = record["dataset"]
        name = record["settings"].get("dataset", told["name"])
        if name not in self._loaded:
            self._loaded[name] = load_dataset(name, self._data_dir)
        data = drawn(self._loaded[name], train=told["train"], test=told["test"])
        if data.title != told["title"]:
            raise ValueError(f"the run was judged on {told['title']}, but here is {data.title}")
        return data

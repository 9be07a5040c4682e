"""Small converted networks for digits, with records that tell the truth about them."""

from __future__ import annotations

from pathlib import Path

from larq_focal.bench.records.parts import describe_file
from larq_focal.bench.records.record_file import write_record
from larq_focal.bench.records.schema import Record
from larq_focal.bench.rerun import results_on
from larq_focal.datasets.dataset import Dataset
from larq_focal.deploy.convert import convert
from larq_focal.nn import keras
from tests.support.records import fake_record


def digits_file(path: Path, seed: int = 0) -> Path:
    """An untrained network for digits."""
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    convert(keras.Sequential(layers), path)
    return path


def true_record(file: Path, data: Dataset, **changes) -> Record:
    """The record of a file, written beside it."""
    dataset = {
        "name": data.name,
        "title": data.title,
        "source": data.source,
        "train": len(data.x_train),
        "test": len(data.x_test),
        "classes": list(data.classes),
    }
    record = fake_record(dataset=dataset, file=describe_file(file), **{"title": file.stem, **changes})
    record |= results_on(file, data)
    write_record(record, file.with_suffix(".json"))
    return record

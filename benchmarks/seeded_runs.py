"""Trainings with several seeds, each kept as a record, and what a table says of them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from larq_focal.bench.recipe_run import recalibrated
from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.records.parts import accuracy_of
from larq_focal.bench.records.record_file import write_record
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.nn import keras
from larq_focal.training import Recipe
from larq_focal.training.trainer import discard_state, train_stretch


def first_images(name: str, folder: Path | None, count: int) -> Dataset:
    """A data set with the first ``count`` of its training images, and all test images."""
    data = load_dataset(name, folder)
    return replace(data, x_train=data.x_train[:count], y_train=data.y_train[:count])


def seeded_run(
    path: Path, recipe: Recipe, network: Callable[[], keras.Model], data: Dataset, about: dict[str, Any]
) -> dict:
    """The record of a training, from an earlier one of the same settings if ``path`` is there.

    Accuracies are those of Keras on the test images after the last epoch, with the normalisations' statistics taken
    again where the recipe says so.

    Args:
        path: Of the record.
        recipe: Of the training; its seed is set before the network is built.
        network: Builds the network.
        data: The data set.
        about: What else the record says.
    """
    description = {
        **about,
        "dataset": {"title": data.title, "source": data.source, "train": len(data.x_train), "test": len(data.x_test)},
        "settings": recipe.to_dict(),
    }
    if path.exists():
        record = json.loads(path.read_text())
        before, now = ({key: each[key] for key in description} for each in (record, description))
        if before != json.loads(json.dumps(now)):
            raise SystemExit(f"'{path}' is a run with {before}, not {now}: delete it, or choose other --results.")
        return record
    started, clock = datetime.now(timezone.utc).isoformat(timespec="seconds"), perf_counter()
    keras.backend.clear_session()
    keras.utils.set_random_seed(recipe.seed)
    model = network()
    training = train_stretch(recipe, model, data, path.with_suffix(""))
    before = recalibrated(model, recipe, data) if recipe.recalibrate else {}
    predicted = model.predict(as_input(data.x_test), batch_size=256, verbose=0).argmax(-1)
    record = {
        **description,
        **before,
        "accuracy": accuracy_of(predicted, data.y_test),
        "history": training.history,
        "environment": describe_environment(started, perf_counter() - clock),
    }
    write_record(record, path)
    discard_state(path.with_suffix(""))
    return record


def settings_of(record: dict) -> dict:
    """What the runs of a table have in common: settings, data, machine and versions."""
    return {
        "dataset": record["dataset"],
        "settings": {name: value for name, value in record["settings"].items() if name not in ("model", "seed")},
        "machine": record["environment"]["machine"],
        "versions": record["environment"]["versions"],
    }


def summarised(values: Sequence[float]) -> dict:
    """The accuracies of several seeds with their mean and standard deviation, None of a single one."""
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return {"accuracies": list(values), "mean": float(np.mean(values)), "deviation": deviation}

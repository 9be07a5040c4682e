"""The benchmark: train, convert, audit, check against Keras, time, judge the register fit, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from larq_focal.bench.judgement import judged
from larq_focal.bench.recipe_run import Say, seeded_network, training_record
from larq_focal.bench.records.record_file import write_record
from larq_focal.bench.records.texts import run_text
from larq_focal.bench.suite import Entry, choose, fine_tuning, recipe_of, suite_of
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.datasets.rows import DEFAULT_DATASET
from larq_focal.deploy.convert import Conversion, convert, convert_int8
from larq_focal.mcu import Board
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.nn import is_keras_3, keras
from larq_focal.report import markdown_table, read_records, write_report
from larq_focal.training.keras_in_use import KERAS_2, keras_in_use
from larq_focal.training.quantization_aware import quantization_aware
from larq_focal.training.recipe import Recipe
from larq_focal.training.trainer import Training, discard_state, environment_now, split, train_stretch

EpochDone = Callable[[Entry, dict], None]
_CALIBRATION_IMAGES = 256


class BenchError(RuntimeError):
    """The benchmark cannot start or go on; the message says what to do."""


def run_bench(
    dataset: str = DEFAULT_DATASET,
    *,
    data_dir: str | Path | None = None,
    models: Sequence[str] | None = None,
    epochs: int | None = None,
    seed: int = 0,
    results: str | Path = "results",
    name: str | None = None,
    resume: bool = False,
    board: Board | None = None,
    say: Say = print,
    epoch_done: EpochDone | None = None,
) -> Path:
    """Runs the benchmark and returns the path of its report.

    Every finished run leaves ``<run>.json``, ``<run>.tflite`` and, if it was trained, ``<run>.keras`` in
    ``results/<name>/``, and at the end ``report.html`` shows them all. Interrupt it at any time: with ``resume`` the
    finished runs are kept, and the one that was interrupted goes on after its last whole epoch.

    Args:
        dataset: a name as for ``larq_focal.datasets.load_dataset``: one of ``DATASETS``, or your own, ``folder:PATH``.
        data_dir: folder with ``<dataset>.npz``; None loads through tensorflow-datasets.
        models: names of the runs (``larq_focal.bench.SUITE``, for signals ``SIGNAL_SUITE``); None for all.
        epochs: passes over the training images; None for the data set's default.
        seed: seeds the initial weights, the order of the images and the quantizers' noise.
        results: folder of all benchmarks.
        name: folder of this one; the data set's name by default.
        resume: go on with an earlier call with the same settings, and keep what it has done.
        board: the microcontroller whose flash, RAM and instructions are told, with its clock; a Cortex-M4 by default.
        say: called with a line for each stage.
        epoch_done: called with the entry and the history row after each epoch.

    Raises:
        BenchError: the folder holds runs already and ``resume`` is off, or those runs had other settings or another
            Keras.
        CheckpointError: the run to go on with was begun with other settings or data, or its state is damaged.
        DatasetError: the data is missing or wrong.
    """
    entries = choose(models, suite_of(dataset))
    data = load_dataset(dataset, data_dir)
    recipes = [recipe_of(entry, dataset, len(data.x_train), epochs=epochs, seed=seed) for entry in entries]
    folder = Path(results) / (name or data.name)
    finished = _finished(folder, recipes[0], resume)
    for entry, recipe in zip(entries, recipes, strict=True):
        if entry.name in finished:
            say(f"{entry.title}: finished before, kept")
            continue
        if not resume:
            discard_state(folder / entry.name)
        record = _run(entry, recipe, data, folder, board, say, epoch_done)
        write_record(record, folder / f"{entry.name}.json")
        discard_state(folder / entry.name)
        say(run_text(record))
    records = read_records(folder)
    say(markdown_table(records))
    report = write_report(records, folder / "report.html")
    say(f"Report: {report}")
    return report


def _finished(folder: Path, recipe: Recipe, resume: bool) -> set[str]:
    """Names of the runs in ``folder``, which must be resumable if there are any."""
    paths = sorted(folder.glob("*.json"))
    if paths and not resume:
        raise BenchError(
            f"'{folder}' holds {len(paths)} finished runs. Keep them with --resume, or choose another --name."
        )
    records = read_records(folder) if paths else []
    for record in records:
        before, now = _differing(record["settings"], recipe.to_dict())
        if before != now:
            raise BenchError(
                f"'{folder / record['run']}.json' is a run with {before}, but {now} is asked for. "
                "Use the same settings, or another --name."
            )
        trained_by, here = record["environment"].get("keras", {}).get("name", KERAS_2), keras_in_use()["name"]
        if trained_by != here:
            raise BenchError(
                f"'{folder / record['run']}.json' is a run of {trained_by}, but this process has {here}. "
                "Use the same, or another --name."
            )
    return {record["run"] for record in records}


def _differing(before: dict[str, Any], now: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings that differ between two runs, in the one and in the other; their networks may differ."""
    names = [name for name in {**before, **now} if name != "model" and before.get(name) != now.get(name)]
    return {name: before.get(name) for name in names}, {name: now.get(name) for name in names}


def _run(
    entry: Entry,
    recipe: Recipe,
    data: Dataset,
    folder: Path,
    board: Board | None,
    say: Say,
    epoch_done: EpochDone | None,
) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    keras.backend.clear_session()
    if entry.int8_of and is_keras_3():
        return _calibrated(entry, recipe, data, folder, board, say)
    model = seeded_network(recipe, data)
    tuned = recipe
    if entry.int8_of:
        model = quantization_aware(keras.models.load_model(folder / f"{entry.int8_of}.keras"))
        tuned = fine_tuning(recipe)
    say(f"{entry.title}: training {tuned.epochs} epochs on {len(data.x_train):,} images")
    training = train_stretch(
        tuned, model, data, folder / entry.name, epoch_done=epoch_done and (lambda row: epoch_done(entry, row))
    )
    model.save(folder / f"{entry.name}.keras")

    say(f"{entry.title}: converting, auditing and comparing on {len(data.x_test):,} test images")
    conversion = _convert(entry, model, folder / f"{entry.name}.tflite", as_input(data.x_test))
    graph = from_tflite(conversion.path) if entry.int8_of else from_keras(model)
    return {
        **training_record(training),
        "run": entry.name,
        "title": entry.title,
        "settings": recipe.to_dict(),
        "training": tuned.to_dict(),
        **judged(conversion, model, graph, data, board),
    }


def _calibrated(entry: Entry, recipe: Recipe, data: Dataset, folder: Path, board: Board | None, say: Say) -> dict:
    """The record of a trained network that becomes int8 by the ranges of its values on training images."""
    environment, clock = environment_now(), monotonic()
    model = keras.models.load_model(folder / f"{entry.int8_of}.keras")
    _, (kept, _) = split(recipe, data)
    images = as_input(kept[:_CALIBRATION_IMAGES])
    say(f"{entry.title}: calibrating on {len(images):,} training images, converting, auditing")
    path = folder / f"{entry.name}.tflite"
    conversion = convert(model, path, rest="int8", representative=images, data=as_input(data.x_test))
    environment["seconds"] = round(monotonic() - clock, 1)
    return {
        **training_record(Training(recipe, model, [], [environment])),
        "run": entry.name,
        "title": entry.title,
        "calibration": {"images": len(images)},
        **judged(conversion, model, from_tflite(path), data, board),
    }


def _convert(entry: Entry, model: keras.Model, path: Path, images: np.ndarray) -> Conversion:
    return (convert_int8 if entry.int8_of else convert)(model, path, data=images)

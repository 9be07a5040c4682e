"""The benchmark: train, convert, audit, check against Keras, time, judge the register fit, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter

import numpy as np

from larq_focal.bench.judgement import judged
from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.records.record_file import write_record
from larq_focal.bench.records.schema import FORMAT
from larq_focal.bench.records.texts import run_text
from larq_focal.bench.suite import Entry, choose
from larq_focal.bench.train import Settings, quantization_aware, train
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.datasets.rows import DATASETS, DEFAULT_DATASET
from larq_focal.deploy.convert import Conversion, convert, convert_int8
from larq_focal.keras import keras
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.report import markdown_table, read_records, write_report
from larq_focal.zoo import two_layer

Say = Callable[[str], None]
EpochDone = Callable[[Entry, dict], None]


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
    say: Say = print,
    epoch_done: EpochDone | None = None,
) -> Path:
    """Runs the benchmark and returns the path of its report.

    Every finished run leaves ``<run>.json``, ``<run>.keras`` and ``<run>.tflite`` in ``results/<name>/``, and at the
    end ``report.html`` shows them all. Interrupt it at any time: with ``resume`` the finished runs are kept.

    Args:
        dataset: one of ``larq_focal.datasets.DATASETS``.
        data_dir: folder with ``<dataset>.npz``; None loads through tensorflow-datasets.
        models: names of the runs (``larq_focal.bench.SUITE``); None for all.
        epochs: passes over the training images; None for the data set's default.
        seed: seeds the initial weights, the order of the images and the quantizers' noise.
        results: folder of all benchmarks.
        name: folder of this one; the data set's name by default.
        resume: keep the finished runs of an earlier call with the same settings.
        say: called with a line for each stage.
        epoch_done: called with the entry and the history row after each epoch.

    Raises:
        BenchError: the folder holds runs already and ``resume`` is off, or those runs had other settings.
        DatasetError: the data is missing or wrong.
    """
    entries = choose(models)
    data = load_dataset(dataset, data_dir)
    known = DATASETS[dataset]
    epochs = known.epochs if epochs is None else epochs
    settings = Settings(epochs=epochs, batch_size=known.batch_size, seed=seed)
    folder = Path(results) / (name or dataset)
    finished = _finished(folder, data, settings, resume)
    for entry in entries:
        if entry.name in finished:
            say(f"{entry.title}: finished before, kept")
            continue
        record = _run(entry, data, settings, folder, say, epoch_done)
        write_record(record, folder / f"{entry.name}.json")
        say(run_text(record))
    records = read_records(folder)
    say(markdown_table(records))
    report = write_report(records, folder / "report.html")
    say(f"Report: {report}")
    return report


def _finished(folder: Path, data: Dataset, settings: Settings, resume: bool) -> set[str]:
    """Names of the runs in ``folder``, which must be resumable if there are any."""
    paths = sorted(folder.glob("*.json"))
    if paths and not resume:
        raise BenchError(
            f"'{folder}' holds {len(paths)} finished runs. Keep them with --resume, or choose another --name."
        )
    records = read_records(folder) if paths else []
    for record in records:
        before, now = (record["dataset"]["name"], record["settings"]), (data.name, asdict(settings))
        if before != now:
            raise BenchError(
                f"'{folder / record['run']}.json' is a run with {before}, but {now} is asked for. "
                "Use the same settings, or another --name."
            )
    return {record["run"] for record in records}


def _run(entry: Entry, data: Dataset, settings: Settings, folder: Path, say: Say, epoch_done: EpochDone | None) -> dict:
    started, clock = datetime.now(timezone.utc).isoformat(timespec="seconds"), perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    keras.backend.clear_session()
    keras.utils.set_random_seed(settings.seed)
    model = _network(entry, data, folder)
    training = _fine_tuning(settings) if entry.int8_of else settings
    say(f"{entry.title}: training {training.epochs} epochs on {len(data.x_train):,} images")
    history = train(model, data, training, epoch_done and (lambda row: epoch_done(entry, row)))
    model.save(folder / f"{entry.name}.keras")

    say(f"{entry.title}: converting, auditing and comparing on {len(data.x_test):,} test images")
    images = as_input(data.x_test)
    conversion = _convert(entry, model, folder / f"{entry.name}.tflite", images)
    graph = from_tflite(conversion.path) if entry.int8_of else from_keras(model)
    return {
        "format": FORMAT,
        "run": entry.name,
        "title": entry.title,
        "settings": asdict(settings),
        "training": asdict(training),
        "history": history,
        **judged(conversion, model, graph, data),
        "environment": describe_environment(started, perf_counter() - clock),
    }


def _fine_tuning(settings: Settings) -> Settings:
    """A trained network needs a tenth of the epochs and of the learning rate to settle on the int8 grid."""
    return replace(settings, epochs=max(1, settings.epochs // 10), learning_rate=settings.learning_rate / 10)


def _network(entry: Entry, data: Dataset, folder: Path) -> keras.Model:
    if entry.int8_of:
        return quantization_aware(keras.models.load_model(folder / f"{entry.int8_of}.keras"))
    return two_layer(entry.method, input_shape=data.image_shape, num_classes=len(data.classes))


def _convert(entry: Entry, model: keras.Model, path: Path, images: np.ndarray) -> Conversion:
    return (convert_int8 if entry.int8_of else convert)(model, path, data=images)

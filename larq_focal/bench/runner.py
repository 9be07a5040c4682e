"""The benchmark: train, convert, audit, check against Keras, time, judge the register fit, report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from larq_focal.bench.recipe_run import Say
from larq_focal.bench.records.not_made import note_not_made
from larq_focal.bench.records.record_file import write_record
from larq_focal.bench.records.texts import run_text
from larq_focal.bench.records.winner import winner_text
from larq_focal.bench.run_forms import Bench, EpochDone, forget_state, record_of
from larq_focal.bench.suite import Entry, choose, recipe_of, suite_of
from larq_focal.datasets.dataset import Dataset, load_dataset
from larq_focal.datasets.rows import DEFAULT_DATASET
from larq_focal.deploy.stock_quantizer import INSTALL, is_installed
from larq_focal.mcu import Board
from larq_focal.messages import short
from larq_focal.report import markdown_table, read_records, write_report
from larq_focal.training.keras_in_use import KERAS_2, keras_in_use
from larq_focal.training.recipe import Recipe

_OF_NETWORK = ("model", "options")  # settings in which the runs of a benchmark may differ


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
    finished = _finished(folder, recipes[0], data, resume)
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(data, folder, board, say, epoch_done)
    for entry, recipe in zip(entries, recipes, strict=True):
        if entry.name in finished:
            say(f"{entry.title}: finished before, kept")
            continue
        if not resume:
            forget_state(entry, folder)
        if reason := _make(entry, recipe, bench):
            say(f"{entry.title}: not made, {reason}")
            note_not_made(folder, entry.made_of, entry.name, entry.title, reason)
    records = read_records(folder)
    say(markdown_table(records))
    if sentence := winner_text(records):
        say(sentence)
    report = write_report(records, folder / "report.html")
    say(f"Report: {report}")
    return report


def _make(entry: Entry, recipe: Recipe, bench: Bench) -> str:
    """Makes a run and writes its record; or returns why stock tools cannot make it, which does not stop the others."""
    if entry.form == "stock" and not is_installed():
        return f"ai-edge-quantizer is not installed ({INSTALL})"
    try:
        record = record_of(entry, recipe, bench)
    except ValueError as error:
        if entry.form != "stock":
            raise
        return short(error)
    write_record(record, bench.folder / f"{entry.name}.json")
    forget_state(entry, bench.folder)
    bench.say(run_text(record))
    return ""


def _finished(folder: Path, recipe: Recipe, data: Dataset, resume: bool) -> set[str]:
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
        if record["dataset"]["source"] != data.source:
            raise BenchError(
                f"'{folder / record['run']}.json' is a run on {record['dataset']['source']}, but the data is now "
                f"{data.source}. Use the same, or another --name."
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
    names = [name for name in {**before, **now} if name not in _OF_NETWORK and before.get(name) != now.get(name)]
    return {name: before.get(name) for name in names}, {name: now.get(name) for name in names}

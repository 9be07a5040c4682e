"""Runs that are kept by what they hold: two studies that ask for the same training share it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from larq_focal.bench.recipe_run import Say, record_name, run_in_folder
from larq_focal.bench.records.record_file import read_record
from larq_focal.bench.records.schema import Record
from larq_focal.bench.study.light import light_accuracies
from larq_focal.bench.study.trial import Trial
from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.files import written_whole
from larq_focal.training.ensemble_training import discard_states, share_done
from larq_focal.training.keras_in_use import keras_in_use
from larq_focal.training.trainer import EpochDone

Files = Mapping[str, bytes]
"""The files of a run by their path in its folder."""
_LOCK = ".lock"
_ROOT = Path(__file__).parents[2]
_DECISIVE = ("layers", "nn", "quantizers", "training", "zoo")
"""Packages of larq_focal whose code decides what a training computes."""


class KeptRuns:
    """Finished and unfinished runs in a folder, one folder for each training.

    The name of a folder ends in the hash of the recipe, the images and labels, the code that decides what a training
    computes, and the Keras in use. A run of changed code or data has another folder, and the old one stays.

    Args:
        folder: where the folders of the runs are.
        data: the data set of all of them.
    """

    def __init__(self, folder: Path, data: Dataset):
        self.folder, self.data = folder, data
        self.code = code_now()
        self._data_hash = _hash_of(data)

    def place(self, trial: Trial) -> Path:
        """The folder of a trial's training."""
        content = json.dumps([trial.recipe.to_dict(), self._data_hash, *self.code], sort_keys=True)
        return self.folder / f"{trial.recipe.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    def record(self, trial: Trial) -> Record | None:
        """The record of a finished trial, with the trial's title; None for one that is not finished.

        Raises:
            RecordError: its file is damaged.
        """
        path = self.place(trial) / record_name(trial.point.rest)
        return read_record(path) | {"title": trial.point.title} if path.exists() else None

    def done(self, trial: Trial) -> float:
        """Which share of a trial's epochs has been trained."""
        return share_done(trial.recipe, self.place(trial))

    def discard(self, trial: Trial) -> None:
        """Lets go of an unfinished training."""
        if 0 < self.done(trial) < 1:
            discard_states(trial.recipe, self.place(trial))

    def run(
        self, trial: Trial, *, minutes: float | None = None, say: Say = print, epoch_done: EpochDone | None = None
    ) -> Record | None:
        """Runs a trial, or goes on with it, and returns its record; None where ``minutes`` ended before the training.

        Another process that runs the same is waited for.
        """
        place = self.place(trial)
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / _LOCK):
            if self.record(trial) is None:
                options: dict[str, Any] = {"minutes": minutes, "say": say, "epoch_done": epoch_done}
                run_in_folder(trial.recipe, self.data, place, rest=trial.point.rest, **options)
        return self.record(trial)

    def light(self, trial: Trial, factors: Sequence[float]) -> dict[float, float]:
        """The accuracy of a finished trial by the factor of the light."""
        place, record = self.place(trial), self.record(trial)
        if record is None:
            raise ValueError(f"{trial.title} is not finished.")
        model, camera = place / record["file"]["name"], trial.point.camera
        return light_accuracies(model, self.data, factors, camera, place / f"{model.stem}.{camera}.light")

    def files(self, trial: Trial) -> Files:
        """What is in a trial's folder, for a machine that goes on with it."""
        files = files_in(self.place(trial))
        return {name: content for name, content in files.items() if name != _LOCK}

    def take(self, trial: Trial, files: Files) -> Record | None:
        """Keeps the ``files`` of a trial that another machine has run; its record, or None."""
        place, record = self.place(trial), record_name(trial.point.rest)
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / _LOCK):
            for name in sorted(files, key=lambda name: name == record):  # the record last: it says that all is there
                (place / name).parent.mkdir(exist_ok=True)
                with written_whole(place / name) as file:
                    file.write(files[name])
        return self.record(trial)


def files_in(folder: Path) -> dict[str, bytes]:
    """The files in a folder and below, by their path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _hash_of(data: Dataset) -> str:
    digest = hashlib.sha256(f"{data.name} {data.title}".encode())
    for array in (data.x_train, data.y_train, data.x_test, data.y_test):
        digest.update(str((array.shape, array.dtype)).encode())
        digest.update(array.tobytes())
    digest.update(as_input(np.arange(256, dtype=np.uint8)).tobytes())  # what a network sees of each pixel
    return digest.hexdigest()


def code_now() -> list[str]:
    """What decides beside recipe and data what a training computes: the hash of the code, and the Keras in use."""
    digest = hashlib.sha256()
    for package in _DECISIVE:
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return [digest.hexdigest(), keras_in_use()["name"]]

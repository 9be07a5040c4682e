"""A recipe from its name to the trained weights, the converted file and the record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from larq_focal.bench.judgement import judged
from larq_focal.bench.records.record_file import write_record
from larq_focal.bench.records.schema import FORMAT, Record
from larq_focal.bench.stock import stock_conversion
from larq_focal.bench.suite import STOCK, FileForm
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.deploy.convert import convert
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.nn import keras
from larq_focal.text import accuracy_text
from larq_focal.training import low_memory, recalibrate_normalisations
from larq_focal.training.ensemble_training import train_ensemble
from larq_focal.training.recipe import Arithmetic, Recipe
from larq_focal.training.trainer import EpochDone, Training, split, train_stretch
from larq_focal.zoo.registry import find
from larq_focal.zoo.weights import save_weights

Say = Callable[[str], None]
RECORD, WEIGHTS, MODEL = "record.json", "weights.npz", "model.tflite"
"""What a finished recipe leaves in its folder."""
_CALIBRATION_IMAGES = 256


class NotMade(ValueError):
    """Stock tools do not take a network, or make a file of it that gives no numbers; the message says why."""


def run_recipe(
    recipe: Recipe,
    *,
    data_dir: str | Path | None = None,
    minutes: float | None = None,
    results: str | Path = "results/zoo",
    say: Say = print,
    epoch_done: EpochDone | None = None,
) -> Path:
    """Trains a recipe, or goes on with it, and returns its folder, ``<results>/<recipe's name>``.

    Each call is a stretch. Once the last epoch is done, the folder holds ``weights.npz``, ``model.tflite`` and
    ``record.json``, a run record that ``larq-focal report`` shows; before that only the checkpoint.

    Args:
        recipe: The recipe.
        data_dir: Folder with ``<data set>.npz``; None loads as :func:`larq_focal.datasets.load_dataset` does.
        minutes: Length of this stretch; None trains to the end.
        results: Folder of all recipes' folders.
        say: Called with a line for each stage.
        epoch_done: Called with each row of the curve.

    Raises:
        CheckpointError: The folder's checkpoint is damaged, or of another recipe or data.
        DatasetError: The data is missing or wrong.
        ConversionError: The trained network does not convert.
    """
    folder = Path(results) / recipe.name
    data = load_dataset(recipe.dataset, data_dir)
    record = run_in_folder(recipe, data, folder, minutes=minutes, say=say, epoch_done=epoch_done)
    if record:
        say(f"{recipe.name}: {accuracy_text(record['accuracy'])} on {data.title}")
    return folder


def run_in_folder(
    recipe: Recipe,
    data: Dataset,
    folder: Path,
    *,
    rest: FileForm = "float",
    minutes: float | None = None,
    say: Say = print,
    epoch_done: EpochDone | None = None,
) -> Record | None:
    """Trains a recipe on its loaded data, or goes on with it, in ``folder``; None while epochs are left.

    A training that is finished there is judged again, not repeated. What is left there, and the arguments, are those of
    :func:`run_recipe`; with ``rest="int8"`` the file is calibrated on training images, with "stock_int8" and so on made
    by ai-edge-quantizer, and record and model have that in their names.

    Raises:
        NotMade: Stock tools do not take the network.
        QuantizerMissing: They are not installed.
    """
    keras.backend.clear_session()
    say(f"{recipe.name}: training {recipe.total_epochs} epochs on {data.title}")
    stretch: dict[str, Any] = {"minutes": minutes, "epoch_done": epoch_done}
    if recipe.ensemble:
        training = train_ensemble(recipe, lambda member: seeded_network(member, data), data, folder, **stretch)
    else:
        trained = seeded_network(recipe, data, recipe.arithmetic)
        training = train_stretch(recipe, trained, data, folder, **stretch)
    if not training.finished:
        done = f"{len(training.history)} of {recipe.total_epochs} epochs are done"
        say(f"{recipe.name}: {done}; the same command goes on")
        return None
    model, before = training.model, {}
    if not recipe.ensemble:  # whose members are recalibrated one by one, and in the arithmetic of files
        model = seeded_network(recipe, data)
        model.set_weights(training.model.get_weights())
        before = recalibrated(model, recipe, data) if recipe.recalibrate else {}
    save_weights(model, folder / WEIGHTS)
    say(f"{recipe.name}: converting, auditing and comparing on {len(data.x_test):,} test images")
    clock = monotonic()
    images, path = as_input(data.x_test), folder / _named(MODEL, rest)
    if rest == "float":
        conversion, graph = convert(model, path, data=images), from_keras(model)
        found = judged(conversion, model, graph, data)
    else:
        samples = calibration_images(recipe, data)
        before = {**before, "calibration": {"images": len(samples)}}
        if rest == "int8":
            conversion = convert(model, path, rest=rest, representative=samples, data=images)
            found = judged(conversion, model, from_tflite(path), data)
        else:
            found = _judged_stock(model, folder, rest, samples, data)
    record = training_record(training) | before | found
    record["environment"]["judging_seconds"] = round(monotonic() - clock, 1)
    write_record(record, folder / record_name(rest))
    return record


def _judged_stock(model: keras.Model, folder: Path, rest: FileForm, samples: np.ndarray, data: Dataset) -> dict:
    """What stock tools make of the float file, which is written where it is not there yet."""
    source = folder / MODEL
    if not source.exists():
        convert(model, source)
    try:
        conversion, graph = stock_conversion(source, folder / _named(MODEL, rest), rest.removeprefix(STOCK), samples)
        return judged(conversion, model, graph, data)
    except ValueError as error:
        raise NotMade(str(error)) from error


def record_name(rest: FileForm) -> str:
    """The file of the record of a recipe whose network is converted with this ``rest``."""
    return _named(RECORD, rest)


def _named(file: str, rest: FileForm) -> str:
    return file if rest == "float" else f"{rest}.{file}"


def calibration_images(recipe: Recipe, data: Dataset) -> np.ndarray:
    """Images that a recipe trains on, as input of its network, to take the ranges of 8-bit values from."""
    _, (kept, _) = split(recipe, data)
    return as_input(kept[:_CALIBRATION_IMAGES])


def seeded_network(recipe: Recipe, data: Dataset, arithmetic: Arithmetic = "float32") -> keras.Model:
    """The network of a recipe, built after its seed is set."""
    keras.utils.set_random_seed(recipe.seed)
    policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("float32" if arithmetic == "low_memory" else arithmetic)
    try:
        model = find(recipe.model).build(input_shape=data.image_shape, num_classes=len(data.classes), **recipe.options)
    finally:
        keras.mixed_precision.set_global_policy(policy)
    if recipe.arithmetic != "low_memory":
        return model
    return low_memory(model, "float16" if arithmetic == "low_memory" else "float32")


def recalibrated(model: keras.Model, recipe: Recipe, data: Dataset) -> dict:
    """Takes the statistics of the normalisations again; the accuracy in Keras before that, for the record."""
    predicted = model.predict(as_input(data.x_test), batch_size=256, verbose=0).argmax(-1)
    _, (images, _) = split(recipe, data)
    recalibrate_normalisations(model, as_input(images[: recipe.recalibrate]))
    return {"accuracy_before_recalibration": float(np.mean(predicted == data.y_test))}


def training_record(training: Training) -> dict:
    """What a run record says of a finished training; what it is worth comes from :func:`judged`."""
    recipe, last = training.recipe, training.stretches[-1]
    row = find(recipe.model)
    environment = {key: last[key] for key in ("versions", "machine", "git", "keras") if key in last}
    return {
        "format": FORMAT,
        "run": recipe.name,
        "title": row.title,
        "source": row.source,
        "stays_float": row.stays_float,
        "settings": recipe.to_dict(),
        "history": training.history,
        "stretches": training.stretches,
        "environment": {
            **environment,
            "started": training.stretches[0]["started"],
            "seconds": round(sum(stretch["seconds"] for stretch in training.stretches), 1),
        },
    }

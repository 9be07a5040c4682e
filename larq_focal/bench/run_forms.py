"""How each run of the benchmark comes to its file and its record: trained, calibrated, or made by stock tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from larq_focal.bench.equal_budget import discard_width, width_for
from larq_focal.bench.judgement import judged
from larq_focal.bench.recipe_run import Say, calibration_images, seeded_network, training_record
from larq_focal.bench.stock import stock_conversion
from larq_focal.bench.suite import Entry, fine_tuning
from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.deploy.convert import convert, convert_int8
from larq_focal.mcu import Board
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite.read.from_tflite import from_tflite
from larq_focal.nn import keras
from larq_focal.training.quantization_aware import quantization_aware
from larq_focal.training.recipe import Recipe
from larq_focal.training.trainer import Training, discard_state, environment_now, train_stretch

EpochDone = Callable[[Entry, dict], None]


@dataclass(frozen=True, eq=False)
class Bench:
    """What all runs of a benchmark share: the data, the folder of results, the microcontroller, and who listens."""

    data: Dataset
    folder: Path
    board: Board | None
    say: Say
    epoch_done: EpochDone | None

    def file(self, entry: Entry) -> Path:
        return self.folder / f"{entry.name}.tflite"

    def trained(self, run: str) -> keras.Model:
        """The network that a run of this name trained."""
        return keras.models.load_model(self.folder / f"{run}.keras")


def record_of(entry: Entry, recipe: Recipe, bench: Bench) -> dict:
    """Makes a run and returns its record.

    Raises:
        QuantizerMissing: it is made by a package that is not installed.
        ValueError: stock tools do not take the network, or give no numbers.
    """
    keras.backend.clear_session()
    if entry.made_of and entry.form != "tf-mot":
        model = bench.trained(entry.made_of)
        make = _stock if entry.form == "stock" else _calibrated
        environment, clock = environment_now(), monotonic()
        made = make(entry, recipe, model, bench)
        environment["seconds"] = round(monotonic() - clock, 1)
        return training_record(Training(recipe, model, [], [environment])) | made | _named(entry)
    width = width_for(entry, recipe, bench.data, bench.folder, bench.say) if entry.equal else None
    wide = replace(recipe, options=dict(recipe.options) | {"filters": width["filters"]}) if width else recipe
    training, model = _trained(entry, wide, bench)
    if entry.form == "calibrated":
        made = _calibrated(entry, wide, model, bench)
    else:
        bench.say(f"{entry.title}: converting, auditing and comparing on {len(bench.data.x_test):,} test images")
        convert_by = convert_int8 if entry.form == "tf-mot" else convert
        conversion = convert_by(model, bench.file(entry), data=as_input(bench.data.x_test))
        graph = from_tflite(conversion.path) if entry.form == "tf-mot" else from_keras(model)
        made = judged(conversion, model, graph, bench.data, bench.board)
    settings = {"settings": wide.to_dict(), "training": training.recipe.to_dict()}
    return {**training_record(training), **settings, **made, **_named(entry), **({"equal_to": width} if width else {})}


def forget_state(entry: Entry, folder: Path) -> None:
    """Removes what an interrupted run left to go on from."""
    discard_width(folder / entry.name)
    discard_state(folder / entry.name)


def _named(entry: Entry) -> dict:
    return {"run": entry.name, "title": entry.title}


def _trained(entry: Entry, recipe: Recipe, bench: Bench) -> tuple[Training, keras.Model]:
    model = seeded_network(recipe, bench.data)
    if entry.form == "tf-mot":
        model = quantization_aware(bench.trained(entry.made_of))
        recipe = fine_tuning(recipe)
    bench.say(f"{entry.title}: training {recipe.epochs} epochs on {len(bench.data.x_train):,} images")
    told = bench.epoch_done
    training = train_stretch(
        recipe, model, bench.data, bench.folder / entry.name, epoch_done=told and (lambda row: told(entry, row))
    )
    model.save(bench.folder / f"{entry.name}.keras")
    return training, model


def _calibrated(entry: Entry, recipe: Recipe, model: keras.Model, bench: Bench) -> dict:
    """A trained network that becomes int8 by the ranges of its values on training images."""
    images = calibration_images(recipe, bench.data)
    bench.say(f"{entry.title}: calibrating on {len(images):,} training images, converting, auditing")
    conversion = convert(model, bench.file(entry), rest="int8", representative=images, data=as_input(bench.data.x_test))
    graph = from_tflite(conversion.path)
    return {"calibration": {"images": len(images)}, **judged(conversion, model, graph, bench.data, bench.board)}


def _stock(entry: Entry, recipe: Recipe, model: keras.Model, bench: Bench) -> dict:
    """What stock tools make of the float file of another run."""
    images = calibration_images(recipe, bench.data)
    bench.say(f"{entry.title}: quantizing by ai-edge-quantizer")
    source = bench.folder / f"{entry.made_of}.tflite"
    conversion, graph = stock_conversion(source, bench.file(entry), entry.stock_form, images)
    return {"calibration": {"images": len(images)}, **judged(conversion, model, graph, bench.data, bench.board)}

"""NetAdapt of a model's file, with all that belongs to it: table, log, narrower model, figures before and after."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Group
from rich.text import Text

from larq_focal.compress.netadapt.adaptation import Schedule, netadapt
from larq_focal.compress.netadapt.adaptation_log import Adaptation
from larq_focal.compress.netadapt.channels import channels_of
from larq_focal.compress.netadapt.cost_table import POINTS, CostTable, MeasuredLayers
from larq_focal.compress.netadapt.meters import UNITS, CountMeter, WordMeter, meter_for
from larq_focal.compress.netadapt.tuning import Tuning, accuracy
from larq_focal.compress.netadapt.whole_cost import WholeCost
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.files import write_text, written_whole
from larq_focal.focal_plane.sensor.known_sensors import DEFAULT_SENSOR
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.load import load_keras_model
from larq_focal.nn import keras
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table
from larq_focal.training.recipe import Recipe

MODEL, SUMMARY, TABLES = "model.keras", "summary.json", "tables"
HELD_OUT = 2500
EPOCHS = 5


@dataclass(frozen=True, repr=False)
class AdaptedFile(Result):
    """What came out, in the files of ``folder``.

    ``before`` and ``after`` are figures of the two networks: "test_accuracy", "training_accuracy" (of images that
    it was trained on), "held_out_accuracy", "macs", "parameter_bytes", and the metric of the whole network, measured.
    """

    folder: Path
    log: Adaptation
    unit: str
    before: dict[str, float]
    after: dict[str, float]
    about: dict[str, Any]

    @property
    def headline(self) -> str:
        before, after = (figures["test_accuracy"] for figures in (self.before, self.after))
        return f"{self.log.headline}; on test images {before:.2%} to {after:.2%}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        figures = {"before": self.before, "after": self.after}
        return {"log": self.log.to_dict(), "unit": self.unit, "about": self.about, **figures}

    def __rich__(self):
        table = new_table("Before and after")
        add_name(table, "figure")
        add_figures(table, "before", "after")
        for name, value in self.before.items():
            shown = [
                f"{each:.2%}" if name.endswith("accuracy") else f"{each:,.4g}" if each < 1e4 else f"{each:,.0f}"
                for each in (value, self.after[name])
            ]
            table.add_row(name.replace("_", " "), *shown)
        return Group(self.log, Text(), table, Text(), Text(f"Written to {self.folder}."))


def adapt_file(
    network: keras.Model | str | Path,
    dataset: str,
    folder: str | Path,
    *,
    data_dir: str | Path | None = None,
    metric: str = "latency",
    host: Any = None,
    threads: int = 1,
    watts: float | None = None,
    sensor: str = DEFAULT_SENSOR,
    points: int = POINTS,
    schedule: Schedule | None = None,
    epochs: int = EPOCHS,
    steps_of: dict[str, int] | None = None,
    keep: Collection[str] = (),
    tables: str | Path | None = None,
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    shift: int = 0,
    flip: bool = False,
    held_out: int = HELD_OUT,
    seed: int = 0,
    minutes: float | None = None,
    trust: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> AdaptedFile:
    """Makes a trained network narrower by what it costs; the same call goes on where it was interrupted.

    Args:
        network: a Keras model, or the path of one.
        dataset: its name; training images are trained on but for those held out, test images are judged on at the end.
        folder: for log, weights, the narrower ``model.keras`` and ``summary.json``.
        data_dir: folder of the data set.
        metric: "latency", "energy", "bytes", "macs", "ace", or "words" of the program on a pixel array.
        host: where times are measured, by its name or in full; None for this machine.
        threads: how many the engine may use there.
        watts: what that machine draws, for "energy" where it has no sensor.
        sensor: that array, for "words": its name, or the path of its file.
        points: widths of each block that are measured.
        schedule: how far, and how long each candidate is trained.
        epochs: of the long training of what came out, after the last iteration; 0 for none.
        steps_of: how many channels of a block go at a time, where it is not the usual number.
        keep: blocks or layers that stay as they are.
        tables: folder of measured tables; ``tables`` in ``folder`` by default.
        learning_rate, batch_size, shift, flip: of the trainings. The long one ends at a rate of 0.
        held_out: training images that judge candidates. With the number and the seed that the network was trained with
            these are images that it never saw.
        seed: chooses them, and the order of the others.
        minutes: no iteration and no epoch is begun after so many.
        trust: whether the file may run code that it brings.
        tell: gets lines of progress.

    Raises:
        ValueError: what :func:`netadapt`, ``load_keras_model``, ``load_dataset`` and the meter raise.
    """
    folder, started = Path(folder), monotonic()
    model = load_keras_model(network, trust=trust) if isinstance(network, str | Path) else network
    data = load_dataset(dataset, data_dir)
    recipe = Recipe(
        model.name,
        dataset,
        epochs=1,
        learning_rate=learning_rate,
        batch_size=batch_size,
        shift=shift,
        flip=flip,
        held_out=held_out,
        seed=seed,
    )
    tuning = Tuning.of(data, recipe)
    channels = channels_of(model, steps_of)
    meter = meter_for(metric, host, sensor=sensor, threads=threads, watts=watts)
    measured = MeasuredLayers(meter, tables or folder / TABLES)
    if isinstance(meter, WordMeter):
        cost = WholeCost(model, channels, meter)
    else:
        cost = CostTable(channels, measured, points=points, tell=tell)
    log = netadapt(
        model,
        tuning,
        cost,
        folder,
        channels=channels,
        schedule=schedule,
        keep=keep,
        metric=metric,
        minutes=minutes,
        tell=tell,
    )
    narrow = log.model or model
    left = None if minutes is None else minutes - (monotonic() - started) / 60
    if epochs and log.iterations and (left is None or left > 0):
        place = folder / f"trained_{len(log.iterations)}"
        if not tuning.train(narrow, data, epochs, place, left, tell):
            tell(f"The training of {epochs} epochs is not at its end; the same call goes on.")
    _save(narrow, folder / MODEL)
    tell("judging on the test images")
    before, after = (_figures(each, tuning, data, meter) for each in (model, narrow))
    about = {"dataset": data.title, "device": meter.device, "table": measured.key, "test_images": len(data.y_test)}
    about["epochs"] = epochs
    result = AdaptedFile(folder, log, UNITS[metric], before, after, about)
    write_text(folder / SUMMARY, json.dumps(result.to_dict(), indent=1) + "\n")
    return result


def _figures(model: keras.Model, tuning: Tuning, data: Dataset, meter) -> dict[str, float]:
    graph = from_keras(model)
    measured = {} if isinstance(meter, CountMeter) else {meter.metric: meter(graph)}
    return {
        "test_accuracy": accuracy(model, as_input(data.x_test), data.y_test),
        "held_out_accuracy": tuning.accuracy(model),
        "training_accuracy": tuning.trained_accuracy(model),
        "macs": CountMeter("macs")(graph),
        "parameter_bytes": CountMeter("bytes")(graph),
        **measured,
    }


def _save(model: keras.Model, path: Path) -> None:
    """Writes a model, whole or not at all."""
    beside = path.with_name(f"part-{path.name}")
    try:
        model.save(beside)
        with written_whole(path) as file:
            file.write(beside.read_bytes())
    finally:
        beside.unlink(missing_ok=True)

"""The network that was chosen, as a file, and what was tried on the way to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text

from larq_focal.compress.netadapt.meters import UNITS, ClockMeter
from larq_focal.compress.netadapt.tuning import Tuning
from larq_focal.compress.optimize.checkpoint import Checkpoint
from larq_focal.compress.optimize.search import Search
from larq_focal.compress.optimize.state import Attempt, file_accuracy, layers_of
from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.deploy.convert import convert
from larq_focal.files import write_text
from larq_focal.network.load import KERAS_SUFFIXES, as_graph, load_keras_model
from larq_focal.network.tflite import write_tflite
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, add_words, heading, new_table
from larq_focal.training.recipe import Recipe

OPTIMIZED = ("latency", "energy", "bytes")
"""What a converted network can cost."""
CHECKPOINT = ".search.npz"
"""What an interrupted search leaves beside the output, instead of its ending."""


@dataclass(frozen=True, repr=False)
class Optimized(Result):
    """The chosen network in ``path``.

    ``first`` and ``chosen`` hold "cost", "held_out_accuracy", "test_accuracy" and "file_bytes" of the network in float
    and of the chosen one; ``layers`` what became of each layer; ``attempts`` all that was tried, in its order.
    """

    path: Path
    metric: str
    max_drop: float
    first: dict[str, float]
    chosen: dict[str, float]
    layers: tuple[dict[str, Any], ...]
    attempts: tuple[Attempt, ...]
    about: dict[str, Any]

    @property
    def test_drop(self) -> float:
        """The accuracy that was lost on the test images, which nothing was chosen by; a share."""
        return self.first["test_accuracy"] - self.chosen["test_accuracy"]

    @property
    def headline(self) -> str:
        saved = 1 - self.chosen["cost"] / self.first["cost"]
        within = "within" if self.test_drop <= self.max_drop + 1e-9 else "beyond"
        return (
            f"{self.path.name}, {self.metric} {saved:.1%} less, test accuracy {self.first['test_accuracy']:.2%} to "
            f"{self.chosen['test_accuracy']:.2%}, {within} the drop of {100 * self.max_drop:.4g} points"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        parts = ("metric", "max_drop", "first", "chosen", "about")
        lists = {"layers": [*self.layers], "attempts": [asdict(attempt) for attempt in self.attempts]}
        return {"file": self.path.name, **{name: getattr(self, name) for name in parts}, **lists}

    def __rich__(self):
        tried = new_table("What was tried")
        add_figures(tried, "round")
        add_name(tried, "layer")
        add_words(tried, "change")
        unit = UNITS[self.metric]
        add_figures(tried, self.metric if unit == self.metric else heading(self.metric, unit), "accuracy")
        add_words(tried, "verdict")
        for attempt in self.attempts:
            accuracy = "" if attempt.accuracy is None else f"{attempt.accuracy:.2%}"
            style = "bold" if attempt.verdict == "taken" else "dim"
            row = (str(attempt.round), attempt.layer or "all", attempt.change, _figure(attempt.cost), accuracy)
            tried.add_row(*row, attempt.verdict, style=style)
        chosen = new_table("What was chosen")
        add_name(chosen, "layer")
        add_figures(chosen, "inputs", "outputs", "bits of weights")
        for layer in self.layers:
            chosen.add_row(layer["name"], *(str(layer[key]) for key in ("inputs", "outputs", "weight_bits")))
        return Group(tried, Text(), chosen, Text(), Text(f"{self.headline}.", "bold"))


def optimize(
    network: Any,
    data: Dataset,
    path: str | Path,
    *,
    max_drop: float,
    metric: str = "latency",
    host: Any = None,
    threads: int = 1,
    watts: float | None = None,
    keep: Collection[str] = (),
    widths: bool = True,
    steps: int = 10,
    steps_of: dict[str, int] | None = None,
    judged: int | None = 2000,
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    shift: int = 0,
    flip: bool = False,
    held_out: int = 2500,
    seed: int = 0,
    trust: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Optimized:
    """Writes the least costly converted network that loses no more than ``max_drop`` of the accuracy.

    Tried are int8 for the whole network; then, layer by layer, weights of fewer bits, and fewer channels with a short
    training. In each round that change is taken which loses least accuracy for what it saves of the measured cost. It
    ends where what is left saves less than a hundredth of the first cost, or loses too much. The same call goes on
    after the last round of one that was interrupted.

    Args:
        network: a Keras model, or the path of one; a graph, a ``.qgraph`` or ``.tflite`` file, whose widths stay.
        data: training images calibrate and train, those held out judge; test images only tell the figures at the end.
        path: where the ``.tflite`` file goes; the record goes beside it, as ``.json``; ``.search.npz`` until the end.
        max_drop: a share: 0.01 is a percentage point.
        metric: "latency", "energy" or "bytes" of the file.
        host: where times are measured, by its name or in full; None for this machine.
        threads: how many the engine may use.
        watts: what the machine draws, for "energy" where it has no sensor.
        keep: layers that keep their widths and bits. int8 is for the whole network or not at all.
        widths: whether channels may be removed.
        steps: batches that a narrowed network is trained on.
        steps_of: how many channels of a block go at a time, where it is not the usual number.
        judged: how many of the images held out judge a candidate; None for all.
        learning_rate, batch_size, shift, flip: of the short trainings.
        held_out: training images that judge. With the number and the seed that the network was trained with these are
            images that it never saw.
        seed: chooses them.
        trust: whether the file may run code that it brings.
        tell: gets lines of progress.

    Raises:
        ValueError: another metric or drop, no such layer, a search with other settings to go on with, or what
            reading, converting and timing raise.
    """
    if metric not in OPTIMIZED:
        raise ValueError(f"A converted network has no '{metric}' to lower: choose one of {', '.join(OPTIMIZED)}.")
    path = Path(path)
    network, name = _loaded(network, trust)
    training = {"learning_rate": learning_rate, "batch_size": batch_size, "shift": shift, "flip": flip}
    recipe = Recipe(name, data.name, epochs=1, held_out=held_out, seed=seed, whole_batches=False, **training)
    meter = None if metric == "bytes" else ClockMeter(metric, host, threads=threads, watts=watts, min_seconds=0.3)
    settings = {
        "network": hashlib.sha256(write_tflite(as_graph(network))).hexdigest(),
        "data": [data.title, data.source],
        "metric": metric,
        "device": meter.device if meter else {},
        "recipe": recipe.to_dict(),
        "max_drop": max_drop,
        "keep": sorted(keep),
        **{"widths": widths, "steps": steps, "steps_of": steps_of or {}, "judged": judged},
    }
    checkpoint = Checkpoint(path.with_suffix(CHECKPOINT), settings)
    search = Search(
        network,
        Tuning.of(data, recipe),
        meter.of_file if meter else lambda file: float(len(file)),
        max_drop=max_drop,
        keep=keep,
        widths=widths,
        steps=steps,
        steps_of=steps_of,
        judged=judged,
        checkpoint=checkpoint,
        tell=tell,
    )
    chosen = search.run()
    tell("converting what was chosen, and judging on the test images")
    images, labels = as_input(data.x_test), data.y_test
    rest = {"rest": "int8", "representative": search.representative} if chosen.rest == "int8" else {}
    convert(chosen.quantized, path, data=images[:100], **rest)
    figures = []
    for state, file in ((search.first, search.file(search.first)), (chosen, path.read_bytes())):
        figures.append(
            {
                "cost": state.cost,
                "held_out_accuracy": state.accuracy,
                "test_accuracy": file_accuracy(file, images, labels),
                "file_bytes": len(file),
            }
        )
    about = {
        "network": name,
        "dataset": data.title,
        "test_images": len(labels),
        "device": meter.device if meter else {},
    }
    result = Optimized(path, metric, max_drop, *figures, tuple(layers_of(chosen)), tuple(search.attempts), about)
    write_text(path.with_suffix(".json"), json.dumps(result.to_dict(), indent=1) + "\n")
    checkpoint.discard()
    return result


def _figure(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 1000 else f"{cost:.4g}"


def _loaded(network: Any, trust: bool) -> tuple[Any, str]:
    """A Keras model or a graph, and its name."""
    if isinstance(network, str | Path):
        is_keras = Path(network).suffix in KERAS_SUFFIXES
        network = load_keras_model(network, trust=trust) if is_keras else as_graph(network, trust=trust)
    return network, network.name

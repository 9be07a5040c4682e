"""How wide a network may be for the bytes or the latency of another one, found by search on what is measured."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from larq_focal.bench.recipe_run import Say, seeded_network
from larq_focal.bench.records.record_file import read_records
from larq_focal.bench.records.schema import Record
from larq_focal.bench.records.winner import is_binary
from larq_focal.bench.suite import Budget, Entry
from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.deploy.convert import convert
from larq_focal.deploy.timing import paired
from larq_focal.files import write_text
from larq_focal.nn import keras
from larq_focal.training.recipe import Recipe

_WIDTH = "width.json"
_WIDEST = 16  # times the maps of the network
_IMAGES = 32  # on which a network of random weights is calibrated for a measurement
_SECONDS = 0.3  # of each measurement of latency


def width_for(entry: Entry, recipe: Recipe, data: Dataset, folder: Path, say: Say) -> Record:
    """The maps with which a network comes nearest to the bytes or the latency of the most accurate binary run.

    It is searched once for each run, and kept for a training that goes on.

    Args:
        entry: the run, with ``equal`` and ``filters``.
        recipe: of its network.
        data: its data set.
        folder: of the benchmark's results, which hold a binary run.
        say: called with a line.

    Returns:
        ``filters``; the ``run`` and ``title`` of the binary one; ``quantity``, and how many times that of the binary
        one this network takes, ``ratio``.
    """
    kept = folder / entry.name / _WIDTH
    if kept.exists():
        return json.loads(kept.read_text(encoding="utf-8"))
    rival = most_accurate_binary(read_records(folder))
    file = folder / rival["file"]["name"]

    filters, ratio = equal_filters(
        replace(recipe, options={**recipe.options, "filters": list(entry.filters)}),
        entry.equal,
        file,
        data,
        is_int8=entry.form == "calibrated",
    )
    found = {
        "filters": filters,
        "run": rival["run"],
        "title": rival["title"],
        "quantity": entry.equal,
        "ratio": ratio,
    }
    maps = ", ".join(map(str, found["filters"]))
    say(f"{entry.title}: {maps} maps take {ratio:.2f} times the {entry.equal} of {rival['title']}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_text(kept, json.dumps(found))
    return found


def equal_filters(
    recipe: Recipe, budget: Budget, rival: Path, data: Dataset, *, is_int8: bool
) -> tuple[list[int], float]:
    """The maps, in the proportions of a recipe's own, that come nearest to the bytes or the latency of a file.

    Args:
        recipe: of the network, with its maps as option "filters".
        budget: "bytes" or "latency".
        rival: the file.
        data: its data set.
        is_int8: whether the network becomes int8; float otherwise.

    Returns:
        The maps, and how many times what the rival takes the network takes with them.
    """
    filters = tuple(recipe.options["filters"])

    def ratio_at(step: int) -> float:
        with tempfile.TemporaryDirectory() as made:
            path = _random_file(recipe, data, scaled(filters, step), Path(made) / "network.tflite", is_int8)
            if budget == "bytes":
                return path.stat().st_size / rival.stat().st_size
            return paired(path, rival, min_seconds=_SECONDS).median_ratio

    step, ratio = nearest_step(ratio_at, _WIDEST * max(filters))
    return [*scaled(filters, step)], round(ratio, 3)


def discard_width(folder: Path) -> None:
    """Removes the width that was kept for a training that goes on."""
    (folder / _WIDTH).unlink(missing_ok=True)


def most_accurate_binary(records: list[Record]) -> Record:
    """The binary run of the highest accuracy; among equals the one with the smallest file.

    Raises:
        ValueError: there is none.
    """
    binary = [record for record in records if is_binary(record)]
    if not binary:
        raise ValueError("A network of equal bytes or latency needs a binary run beside it: add one to --models.")
    return max(binary, key=lambda record: (record["accuracy"]["value"], -record["file"]["bytes"]))


def scaled(filters: tuple[int, ...], step: int) -> tuple[int, ...]:
    """Maps in the proportions of ``filters``, the most of which are ``step``; at least 1."""
    return tuple(max(1, round(maps * step / max(filters))) for maps in filters)


def nearest_step(ratio_at: Callable[[int], float], widest: int) -> tuple[int, float]:
    """The step from 1 to ``widest`` whose ratio is nearest to 1, and that ratio, which rises with the step.

    Steps are doubled until the ratio is above 1, then halved in between; each is measured once.
    """
    known: dict[int, float] = {}

    def measured(step: int) -> float:
        if step not in known:
            known[step] = ratio_at(step)
        return known[step]

    low, high = 0, 1
    while high < widest and measured(high) < 1:
        low, high = high, min(2 * high, widest)
    measured(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if measured(middle) < 1 else (low, middle)
    return min(((step, known[step]) for step in (low, high) if step), key=lambda each: abs(each[1] - 1))


def _random_file(recipe: Recipe, data: Dataset, filters: tuple[int, ...], path: Path, is_int8: bool) -> Path:
    """The file of a network of random weights; what it takes does not depend on them."""
    keras.backend.clear_session()
    model = seeded_network(replace(recipe, options={**recipe.options, "filters": list(filters)}), data)
    images = as_input(data.x_train[:_IMAGES])
    options: dict[str, Any] = {"rest": "int8", "representative": images} if is_int8 else {}
    return convert(model, path, data=images[:2], **options).path

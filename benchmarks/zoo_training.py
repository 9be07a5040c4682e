"""Trains the networks that the zoo compares, three seeds each, and writes the table of the documentation.

    python -m benchmarks.zoo_training mnist --data-dir DIR [--minutes M] [--only WORD ...]
    python -m benchmarks.zoo_training compared --data-dir DIR [--minutes M]

Run it from the repository, with larq_focal[larq] installed, and DIR holding mnist.npz or cifar10.npz. Every run
is a recipe of ``larq_focal.training`` and leaves its folder in results/zoo. It can be interrupted at any time; the same
command goes on, and the table, docs/data/zoo_training.json, follows the runs that are finished; rows of recipes that
have none stay. Accuracies are those of the converted files on the 10,000 test images.
"""

from __future__ import annotations

import json
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from larq_focal.bench import run_recipe
from larq_focal.bench.records.record_file import write_record
from larq_focal.training import RECIPES, Recipe

TABLE = Path(__file__).parent.parent / "docs/data/zoo_training.json"
GROUPS = {
    "mnist": [recipe for recipe in RECIPES.values() if recipe.dataset == "mnist"],
    "compared": [recipe for recipe in RECIPES.values() if recipe.variant == "compared"],
}


@click.command(help=__doc__.splitlines()[0])
@click.argument("group", type=click.Choice(GROUPS))
@click.option("--data-dir", type=click.Path(path_type=Path), help="folder with the data set")
@click.option("--minutes", type=float, default=1e9, help="stop cleanly after so many")
@click.option("--seeds", type=int, default=3, show_default=True, help="how many, from 0 up")
@click.option("--only", multiple=True, help="recipes with this word in their name alone")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results/zoo"), show_default=True)
def main(group: str, data_dir: Path, minutes: float, seeds: int, only: tuple[str, ...], results: Path) -> None:
    ends = time.monotonic() + 60 * minutes
    for seed in range(seeds):  # a seed of all before the next, so that what is finished compares
        for recipe in GROUPS[group]:
            run = replace(recipe, seed=seed)
            if any(word not in run.name for word in only) or (results / run.name / "record.json").exists():
                continue
            if (left := (ends - time.monotonic()) / 60) <= 0:
                return
            run_recipe(run, data_dir=data_dir, minutes=left, results=results)
            write_record({"rows": table(results)}, TABLE)


def table(results: Path) -> list[dict]:
    """A row for each recipe of the groups: of the finished runs, or as it was where there are none."""
    names = {recipe.name for group in GROUPS.values() for recipe in group}
    runs: dict[str, list[dict]] = defaultdict(list)
    for path in sorted(results.glob("*/record.json")):
        record = json.loads(path.read_text())
        name = replace(Recipe(**record["settings"]), seed=0).name
        if name in names:
            runs[name].append(record)
    rows = {row["recipe"]: row for row in json.loads(TABLE.read_text())["rows"] if row["recipe"] in names}
    rows |= {name: _row(name, records) for name, records in runs.items()}
    return [rows[name] for name in sorted(rows)]


def _row(name: str, records: list[dict]) -> dict:
    first = records[0]
    accuracies = [record["accuracy"]["value"] for record in records]
    return {
        "recipe": name,
        "title": first["title"],
        "dataset": first["dataset"]["title"],
        "epochs": first["settings"]["epochs"],
        "seeds": [record["settings"]["seed"] for record in records],
        "accuracies": accuracies,
        "before_recalibration": _mean("accuracy_before_recalibration", records),
        "mean": statistics.mean(accuracies),
        "deviation": statistics.stdev(accuracies) if len(accuracies) > 1 else None,
        "parameter_bytes": first["cost"]["totals"]["parameter_bytes"],
        **{key: _by_epoch(key, records) for key in ("val_accuracy", "flip_ratio")},
        "minutes": [round(record["environment"]["seconds"] / 60, 1) for record in records],
        "machine": first["environment"]["machine"]["cpu"],
    }


def _mean(key: str, records: Sequence[dict]) -> float | None:
    """The mean over the runs; None where it was not measured."""
    values = [record[key] for record in records if key in record]
    return statistics.mean(values) if len(values) == len(records) else None


def _by_epoch(key: str, records: Sequence[dict]) -> list[float] | None:
    """The mean over the runs, an epoch each; None where it was not measured."""
    runs = [[row[key] for row in record["history"] if key in row] for record in records]
    return [statistics.mean(values) for values in zip(*runs, strict=True)] if all(runs) else None


if __name__ == "__main__":
    main()

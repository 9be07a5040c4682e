"""Trains the two-layer network with every binary quantizer on MNIST and writes the table of the documentation.

    python -m benchmarks.quantizers --data-dir DIR [--epochs N] [--images N] [--seeds N] [--only ALIAS ...]

Run it from the repository, with larq_focal[larq] installed, and DIR holding mnist.npz. Each run trains one
network on one core and leaves a record in the results folder. Finished runs are kept, so it can be interrupted at any
time; the table is always that of the runs that there are. Accuracies are those of Keras on the 10,000 test images after
the last epoch; every tenth training image is kept out of training and not used to choose anything. Quantizers with a
schedule step with the epochs, so these are many and of few images.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.quantizer_networks import Case, cases, use_one_core
from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.records.parts import accuracy_of
from larq_focal.bench.records.record_file import write_record
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.keras import keras
from larq_focal.quantizers import QUANTIZERS
from larq_focal.training import Recipe
from larq_focal.training.trainer import discard_state, train_stretch

ROWS = [row for row in QUANTIZERS if row.family != "few_bits"]
TABLE = Path(__file__).parent.parent / "docs/data/quantizers_mnist.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with mnist.npz; by default through tensorflow-datasets")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--images", type=int, default=10_000, help="of the training set, the first so many")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 up")
    parser.add_argument("--only", nargs="*", metavar="ALIAS", help="these quantizers alone")
    parser.add_argument("--results", type=Path, default=Path("results/quantizers_mnist"), help="where records are kept")
    parser.add_argument("--table", type=Path, default=TABLE, help="where the table goes")
    arguments = parser.parse_args()

    use_one_core()
    data = load_dataset("mnist", arguments.data_dir)
    data = replace(data, x_train=data.x_train[: arguments.images], y_train=data.y_train[: arguments.images])
    chosen = [case for case in cases(ROWS) if not arguments.only or case.row.alias in arguments.only]
    for seed in range(arguments.seeds):
        for case in chosen:
            record = run(recipe_of(case, data, arguments.epochs, seed), case, data, arguments.results)
            print(f"{case.name}, seed {seed}: {record['accuracy']['value']:.2%}", flush=True)
            write_record(table(finished(range(arguments.seeds), arguments.results)), arguments.table)


def recipe_of(case: Case, data: Dataset, epochs: int, seed: int) -> Recipe:
    """One small budget for all; every tenth image is kept out of training."""
    return Recipe(
        case.name,
        data.name,
        epochs=epochs,
        learning_rate=0.01,
        batch_size=32,
        whole_batches=False,
        held_out=len(data.x_train) // 10,
        seed=seed,
    )


def run(recipe: Recipe, case: Case, data: Dataset, folder: Path) -> dict:
    """The record of a run, from an earlier one of the same settings if there is one."""
    path = record_path(case, recipe.seed, folder)
    description = {
        "quantizer": case.row.alias,
        "role": case.role,
        "dataset": {"title": data.title, "source": data.source, "train": len(data.x_train), "test": len(data.x_test)},
        "settings": recipe.to_dict(),
    }
    if path.exists():
        record = json.loads(path.read_text())
        before, now = ((each["dataset"], each["settings"]) for each in (record, description))
        if before != now:
            raise SystemExit(f"'{path}' is a run with {before}, not {now}: delete it, or choose other --results.")
        return record
    started, clock = datetime.now(timezone.utc).isoformat(timespec="seconds"), perf_counter()
    keras.backend.clear_session()
    keras.utils.set_random_seed(recipe.seed)
    model = case.network()
    training = train_stretch(recipe, model, data, path.with_suffix(""))
    predicted = model.predict(as_input(data.x_test), batch_size=256, verbose=0).argmax(-1)
    record = {
        **description,
        "accuracy": accuracy_of(predicted, data.y_test),
        "history": training.history,
        "environment": describe_environment(started, perf_counter() - clock),
    }
    write_record(record, path)
    discard_state(path.with_suffix(""))
    return record


def record_path(case: Case, seed: int, folder: Path) -> Path:
    return folder / f"{case.name}-{seed}.json"


def finished(seeds: Iterable[int], folder: Path) -> list[list[dict]]:
    """The records that there are, case by case."""
    paths = [[record_path(case, seed, folder) for seed in seeds] for case in cases(ROWS)]
    runs = [[json.loads(path.read_text()) for path in row if path.exists()] for row in paths]
    return [row for row in runs if row]


def table(runs: list[list[dict]]) -> dict:
    """Mean and standard deviation over the seeds of each case, and what the runs have in common."""
    first = runs[0][0]
    return {
        "dataset": first["dataset"],
        "settings": {name: value for name, value in first["settings"].items() if name not in ("model", "seed")},
        "machine": first["environment"]["machine"],
        "versions": first["environment"]["versions"],
        "rows": [
            {
                "quantizer": case[0]["quantizer"],
                "role": case[0]["role"],
                "accuracies": (values := [record["accuracy"]["value"] for record in case]),
                "mean": float(np.mean(values)),
                "deviation": statistics.stdev(values) if len(values) > 1 else None,
            }
            for case in runs
        ],
    }


if __name__ == "__main__":
    main()

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
from collections.abc import Iterable
from pathlib import Path

from benchmarks.quantizer_networks import Case, cases, use_one_core
from benchmarks.seeded_runs import first_images, seeded_run, settings_of, summarised
from larq_focal.bench.records.record_file import write_record
from larq_focal.datasets.dataset import Dataset
from larq_focal.quantizers import QUANTIZERS
from larq_focal.training import Recipe

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
    data = first_images("mnist", arguments.data_dir, arguments.images)
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
    about = {"quantizer": case.row.alias, "role": case.role}
    return seeded_run(record_path(case, recipe.seed, folder), recipe, case.network, data, about)


def record_path(case: Case, seed: int, folder: Path) -> Path:
    return folder / f"{case.name}-{seed}.json"


def finished(seeds: Iterable[int], folder: Path) -> list[list[dict]]:
    """The records that there are, case by case."""
    paths = [[record_path(case, seed, folder) for seed in seeds] for case in cases(ROWS)]
    runs = [[json.loads(path.read_text()) for path in row if path.exists()] for row in paths]
    return [row for row in runs if row]


def table(runs: list[list[dict]]) -> dict:
    """Mean and standard deviation over the seeds of each case, and what the runs have in common."""
    return {
        **settings_of(runs[0][0]),
        "rows": [
            {
                "quantizer": case[0]["quantizer"],
                "role": case[0]["role"],
                **summarised([record["accuracy"]["value"] for record in case]),
            }
            for case in runs
        ],
    }


if __name__ == "__main__":
    main()

"""Trains one small network plainly and over-parameterised, folds it, and writes the table of the documentation.

    python -m benchmarks.folded_training --data-dir DIR [--seeds N]

Run it from the repository, with DIR holding mnist.npz. Finished runs are kept as records in the results folder, so it
can be interrupted at any time. Both trainings end in the same layers: inference costs the same.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.quantizer_networks import use_one_core
from benchmarks.seeded_runs import first_images, seeded_run, settings_of, summarised
from larq_focal.bench.records.record_file import write_record
from larq_focal.layers import QuantConv2D
from larq_focal.nn import keras
from larq_focal.training import BranchedConv2D, BranchedKernel, ParallelNormalization, Recipe, fold

layers = keras.layers
TABLE = Path(__file__).parent.parent / "docs/data/folded_training.json"
QUANTIZER = "magnitude_aware_sign"
IMAGES, EPOCHS, BATCH = 10_000, 4, 64


def plain_stem() -> list[keras.layers.Layer]:
    return [layers.Conv2D(16, 3, 2, padding="same", use_bias=False), layers.BatchNormalization(momentum=0.9)]


def network(kernels: bool, normalisations: bool, stem: bool) -> keras.Model:
    """A real-valued convolution, three binary ones, a mean and a classifier; over-parameterised where asked."""
    normalisation = ParallelNormalization if normalisations else layers.BatchNormalization
    blocks = [BranchedConv2D(16, 3, 2, momentum=0.9)] if stem else plain_stem()
    for filters, strides in ((32, 1), (64, 2), (64, 1)):
        binary = {
            "input_quantizer": "ste_sign",
            "kernel_quantizer": BranchedKernel(QUANTIZER) if kernels else QUANTIZER,
            "kernel_constraint": "weight_clip",
        }
        blocks += [
            QuantConv2D(filters, 3, strides, padding="same", pad_values=1, use_bias=False, **binary),
            normalisation(momentum=0.9),
        ]
    return keras.Sequential([layers.Input((28, 28, 1)), *blocks, layers.GlobalAveragePooling2D(), layers.Dense(10)])


CASES: dict[str, Callable[[], keras.Model]] = {
    "plain": partial(network, False, False, False),
    "branched kernels": partial(network, True, False, False),
    "parallel normalisations": partial(network, False, True, False),
    "branched stem": partial(network, False, False, True),
    "all three": partial(network, True, True, True),
}


def recipe(name: str, seed: int) -> Recipe:
    return Recipe(
        name,
        "mnist",
        epochs=EPOCHS,
        learning_rate=0.005,
        batch_size=BATCH,
        held_out=IMAGES // 10,
        recalibrate=1000,
        seed=seed,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with mnist.npz; by default through tensorflow-datasets")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 up")
    parser.add_argument("--results", type=Path, default=Path("results/folded_training"), help="where records are kept")
    parser.add_argument("--table", type=Path, default=TABLE, help="where the table goes")
    arguments = parser.parse_args()

    use_one_core()
    data = first_images("mnist", arguments.data_dir, IMAGES)
    for seed in range(arguments.seeds):
        for name, build in CASES.items():
            path = _path(name, seed, arguments.results)
            record = seeded_run(path, recipe(name, seed), build, data, {"case": name})
            print(f"{name}, seed {seed}: {record['accuracy']['value']:.2%}", flush=True)
            write_record(table(arguments.seeds, arguments.results), arguments.table)


def _path(name: str, seed: int, folder: Path) -> Path:
    return folder / f"{name.replace(' ', '_')}-{seed}.json"


def table(seeds: int, folder: Path) -> dict:
    """Means and standard deviations over the seeds, with the parameters in training and folded."""
    rows, first = [], None
    for name, build in CASES.items():
        paths = [_path(name, seed, folder) for seed in range(seeds)]
        records = [json.loads(path.read_text()) for path in paths if path.exists()]
        if records:
            first, model = first or records[0], build()
            parameters = {"trained": model.count_params(), "folded": fold(model).count_params()}
            rows.append({"case": name, **parameters, **summarised([each["accuracy"]["value"] for each in records])})
    return {**settings_of(first), "rows": rows}


if __name__ == "__main__":
    main()

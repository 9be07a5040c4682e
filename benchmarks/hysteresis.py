"""Trains two small networks with the hysteresis sign at several thresholds and writes the table of the documentation.

    python -m benchmarks.hysteresis --data-dir DIR [--seeds N] [--only two_layer|small_residual]

Run it from the repository, with DIR holding mnist.npz and cifar10.npz. Finished runs are kept as records in the
results folder, so it can be interrupted at any time. Beside accuracies, the table says which share of the initial
weights reaches the threshold.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.quantizer_networks import use_one_core
from benchmarks.seeded_runs import first_images, seeded_run, settings_of, summarised
from larq_focal.bench.records.record_file import write_record
from larq_focal.datasets.dataset import Dataset
from larq_focal.nn import SteSign, keras, quantized_scope, quantized_variables
from larq_focal.quantizers import HysteresisSign
from larq_focal.training import Recipe
from larq_focal.zoo import Method, small_residual, two_layer

TABLE = Path(__file__).parent.parent / "docs/data/hysteresis.json"
THRESHOLDS = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0)
"""In units of the initial mean magnitude."""
PUBLISHED = 0.1


@dataclass(frozen=True)
class Case:
    """A threshold, in units of the initial mean magnitude or, as published, in those of the weights; None for no
    hysteresis and no scale, the plain sign."""

    threshold: float | None
    relative: bool = True

    @property
    def name(self) -> str:
        return (
            "ste_sign"
            if self.threshold is None
            else f"{'relative' if self.relative else 'absolute'}-{self.threshold:g}"
        )

    @property
    def method(self) -> Method:
        quantizer = partial(HysteresisSign, self.threshold, relative=self.relative)
        return Method(self.name, self.name, SteSign, SteSign if self.threshold is None else quantizer)


CASES = (Case(None), Case(PUBLISHED, relative=False), *map(Case, THRESHOLDS))


@dataclass(frozen=True)
class Network:
    """A network and the small budget that it is trained with."""

    name: str
    dataset: str
    images: int
    epochs: int
    batch_size: int

    def build(self, method: Method) -> keras.Model:
        if self.name == "two_layer":
            return two_layer(method, input_shape=(28, 28, 1))
        return small_residual(method, filters=(16, 32, 64), blocks=2)

    def recipe(self, case: Case, seed: int) -> Recipe:
        return Recipe(
            f"{self.name}_{case.name}",
            self.dataset,
            epochs=self.epochs,
            learning_rate=0.01,
            batch_size=self.batch_size,
            whole_batches=False,
            held_out=self.images // 10,
            recalibrate=1000,  # moving averages trail a short training by more than thresholds differ
            seed=seed,
        )


NETWORKS = (Network("two_layer", "mnist", 10_000, 4, 32), Network("small_residual", "cifar10", 10_000, 5, 64))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with the data sets; by default tensorflow-datasets")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 up")
    parser.add_argument("--only", choices=[network.name for network in NETWORKS], help="this network alone")
    parser.add_argument("--results", type=Path, default=Path("results/hysteresis"), help="where records are kept")
    parser.add_argument("--table", type=Path, default=TABLE, help="where the table goes")
    arguments = parser.parse_args()

    use_one_core()
    for network in NETWORKS:
        if arguments.only in (None, network.name):
            _train(network, arguments)


def _train(network: Network, arguments: argparse.Namespace) -> None:
    data = first_images(network.dataset, arguments.data_dir, network.images)
    for seed in range(arguments.seeds):
        for case in CASES:
            record = _run(network, case, seed, data, arguments.results)
            print(f"{network.name}, {case.name}, seed {seed}: {record['accuracy']['value']:.2%}", flush=True)
            write_record(table(arguments.seeds, arguments.results), arguments.table)


def _run(network: Network, case: Case, seed: int, data: Dataset, folder: Path) -> dict:
    path = _path(network, case, seed, folder)
    about = {"network": network.name, "threshold": case.threshold, "relative": case.relative}
    return seeded_run(path, network.recipe(case, seed), partial(network.build, case.method), data, about)


def _path(network: Network, case: Case, seed: int, folder: Path) -> Path:
    return folder / network.name / f"{case.name}-{seed}.json"


def table(seeds: int, folder: Path) -> dict:
    """Means and standard deviations over the seeds, of each network."""
    networks = {}
    for network in NETWORKS:
        paths = {case: [_path(network, case, seed, folder) for seed in range(seeds)] for case in CASES}
        runs = {case: [json.loads(path.read_text()) for path in each if path.exists()] for case, each in paths.items()}
        rows = [_row(network, case, records) for case, records in runs.items() if records]
        first = next((records[0] for records in runs.values() if records), None)
        if first:
            networks[network.name] = {**settings_of(first), "rows": rows}
    return networks


def _row(network: Network, case: Case, records: list[dict]) -> dict:
    return {
        "threshold": case.threshold,
        "relative": case.relative,
        "reached": None if case.threshold is None else initial_share(network.build(case.method), case),
        "flip_ratio": float(np.mean([record["history"][-1]["flip_ratio"] for record in records])),
        **summarised([record["accuracy"]["value"] for record in records]),
    }


def initial_share(model: keras.Model, case: Case) -> float:
    """The share of the initial weights that reach the threshold."""
    with quantized_scope(False):
        kernels = [np.abs(np.asarray(variable.numpy())) for variable in quantized_variables(model)]
    units = [kernel.mean() if case.relative else 1.0 for kernel in kernels]
    reached = sum(np.count_nonzero(w >= case.threshold * unit) for w, unit in zip(kernels, units, strict=True))
    return reached / sum(kernel.size for kernel in kernels)


if __name__ == "__main__":
    main()

"""NetAdapt on AlexNet for CIFAR-10 by measured latency: the record that docs/netadapt.md shows.

    python -m benchmarks.netadapt_alexnet --data-dir DIR [--minutes 100]

Trains a quarter of AlexNet for a few epochs, measures the table, and runs 13 iterations, in stretches: the same command
goes on where it was interrupted, until docs/data/netadapt_alexnet.json is written. `python docs/netadapt.py` then makes
the page and its picture.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import monotonic

from larq_focal.compress.netadapt import Schedule, adapt_file
from larq_focal.datasets.dataset import load_dataset
from larq_focal.files import write_text
from larq_focal.nn import keras
from larq_focal.training.recipe import Recipe
from larq_focal.training.trainer import train_stretch
from larq_focal.zoo.registry import build

RECORD = Path(__file__).parents[1] / "docs" / "data" / "netadapt_alexnet.json"
RECIPE = Recipe(
    "alexnet_cifar_full_precision",
    "cifar10",
    epochs=6,
    shift=4,
    flip=True,
    held_out=5000,
    options={"filters": [16, 48, 96, 64, 64], "units": [256, 256]},
    variant="quarter",
)
SCHEDULE = Schedule(steps=10, judged=1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=Path("results/netadapt_alexnet"))
    parser.add_argument("--minutes", type=float, help="Begin no epoch and no iteration after so many.")
    options = parser.parse_args()
    start = monotonic()
    keras.utils.set_random_seed(RECIPE.seed)
    model = build(RECIPE.model, **RECIPE.options)
    data = load_dataset(RECIPE.dataset, options.data_dir)
    base = train_stretch(RECIPE, model, data, options.results, minutes=options.minutes, epoch_done=_print)
    if not base.finished:
        return
    left = None if options.minutes is None else max(0.0, options.minutes - (monotonic() - start) / 60)
    result = adapt_file(
        model,
        RECIPE.dataset,
        options.results / "adapted",
        data_dir=options.data_dir,
        schedule=SCHEDULE,
        epochs=RECIPE.epochs,
        keep=["conv_1"],
        points=4,
        shift=RECIPE.shift,
        flip=RECIPE.flip,
        held_out=RECIPE.held_out,
        seed=RECIPE.seed,
        minutes=left,
        tell=_print,
    )
    _print(str(result))
    if len(result.log.iterations) == SCHEDULE.iterations:
        record = {**result.to_dict(), "trained_epochs": RECIPE.epochs}
        write_text(RECORD, json.dumps(record, indent=1) + "\n")


def _print(line) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()

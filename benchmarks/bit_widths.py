"""Trains one network in several bit widths at once, and one in its widest alone, and writes the table of the page.

    python -m benchmarks.bit_widths --data-dir DIR [--seeds N] [--images N] [--epochs N]

Run it from the repository, with DIR holding cifar10.npz. The second network is then quantized after its training to
the other widths, with and without statistics taken again. Finished runs are kept as records in the results folder, so
that it can be interrupted between two of them.
"""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.quantizer_networks import use_one_core
from benchmarks.seeded_runs import first_images, summarised
from larq_focal.bench.records.environment import describe_environment
from larq_focal.bench.records.record_file import write_record
from larq_focal.datasets.dataset import Dataset, as_input
from larq_focal.layers import QuantConv2D
from larq_focal.nn import keras, sublayers
from larq_focal.training import (
    AnyWidthInput,
    AnyWidthKernel,
    DistilledCrossEntropy,
    SwitchableNormalization,
    every_width,
    recalibrate_normalisations,
    width_accuracies,
    with_bits,
)

layers = keras.layers
TABLE = Path(__file__).parent.parent / "docs/data/bit_widths.json"
WIDTHS = (8, 4, 2, 1)
FILTERS = (8, 16, 32)
RECALIBRATED_ON = 2000
LEARNING_RATE, BATCH = 5e-3, 64


def network() -> keras.Model:
    """A residual network of a basic block for each number of filters; stem, shortcuts and classifier in float32."""
    image = layers.Input((32, 32, 3))
    x = _normalised(layers.Conv2D(FILTERS[0], 3, padding="same", use_bias=False)(image))
    for filters in FILTERS:
        strides = 1 if filters == x.shape[-1] else 2
        y = _normalised(_quantized(filters, strides)(x))
        y = _normalised(_quantized(filters, 1)(y))
        if strides > 1:
            x = _normalised(layers.Conv2D(filters, 1, strides=strides, use_bias=False)(x))
        x = layers.Add()([x, y])
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)), name="narrow_resnet8")


def _quantized(filters: int, strides: int) -> keras.layers.Layer:
    quantizers = {"input_quantizer": AnyWidthInput(WIDTHS), "kernel_quantizer": AnyWidthKernel(WIDTHS)}
    return QuantConv2D(filters, 3, strides, padding="same", pad_values=1, use_bias=False, **quantizers)


def _normalised(x):
    return SwitchableNormalization(WIDTHS, momentum=0.9)(x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with cifar10.npz; by default through tensorflow-datasets")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 up")
    parser.add_argument("--images", type=int, default=10_000, help="of the training set, the first so many")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--results", type=Path, default=Path("results/bit_widths"), help="where records are kept")
    parser.add_argument("--table", type=Path, default=TABLE, help="where the table goes")
    arguments = parser.parse_args()

    use_one_core()
    data = first_images("cifar10", arguments.data_dir, arguments.images)
    records = []
    for seed in range(arguments.seeds):
        path = arguments.results / f"{seed}.json"
        records.append(json.loads(path.read_text()) if path.exists() else run(data, arguments.epochs, seed))
        write_record(records[-1], path)
        print(f"seed {seed}: {records[-1]['accuracies']}", flush=True)
        write_record(table(records), arguments.table)


def run(data: Dataset, epochs: int, seed: int) -> dict:
    """Accuracies on the test images by way and width."""
    started, clock = datetime.now(timezone.utc).isoformat(timespec="seconds"), perf_counter()
    joint, alone = (trained(data, epochs, seed, widths) for widths in (WIDTHS, WIDTHS[:1]))
    spread(alone)
    images, test = as_input(data.x_train[:RECALIBRATED_ON]), as_input(data.x_test)
    accuracies: dict[str, list[float]] = {"joint": [], "after training": [], "after training, statistics again": []}
    for bits in WIDTHS:
        models = [with_bits(joint, bits), with_bits(alone, bits), with_bits(alone, bits)]
        recalibrate_normalisations(models[-1], images)
        for way, model in zip(accuracies, models, strict=True):
            found = model.predict(test, batch_size=256, verbose=0).argmax(-1)
            accuracies[way].append(float(np.mean(found == data.y_test)))
    return {
        "seed": seed,
        "dataset": {"title": data.title, "train": len(data.x_train), "test": len(data.x_test)},
        "settings": {"epochs": epochs, "batch_size": BATCH, "learning_rate": LEARNING_RATE, "filters": FILTERS},
        "widths": WIDTHS,
        "accuracies": accuracies,
        "environment": describe_environment(started, perf_counter() - clock),
    }


def trained(data: Dataset, epochs: int, seed: int, widths: tuple[int, ...]) -> keras.Model:
    """The network, trained in these widths."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    net = network()
    model = every_width(net, widths)
    steps = epochs * (len(data.x_train) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(keras.optimizers.Adam(rate), DistilledCrossEntropy(), metrics=width_accuracies(widths))
    labels = data.y_train.astype(np.int32)
    model.fit(as_input(data.x_train), labels, BATCH, epochs, verbose=0)
    return net


def spread(net: keras.Model) -> None:
    """Gives the normalisations of all widths the weights of the widest."""
    for layer in sublayers(net):
        if isinstance(layer, SwitchableNormalization):
            for other in layer.normalizations[1:]:
                other.set_weights(layer.normalizations[0].get_weights())


def table(records: list[dict]) -> dict:
    """Means and standard deviations over the seeds."""
    first = records[0]
    rows = []
    for way in first["accuracies"]:
        by_width = zip(*(record["accuracies"][way] for record in records), strict=True)
        rows.append({"way": way, "widths": [summarised(each) for each in by_width]})
    return {
        **{name: first[name] for name in ("dataset", "settings", "widths")},
        "machine": first["environment"]["machine"],
        "versions": first["environment"]["versions"],
        "rows": rows,
    }


if __name__ == "__main__":
    main()

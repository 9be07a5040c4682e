"""What compression after training does to trained networks: accuracy and bytes of their files.

    python -m benchmarks.compress --data-dir FOLDER [--networks NAME ...] [--json FILE]

Run it from the repository with larq_focal[larq,test], or [keras-tf,test] on Keras 3. Prints a Markdown table for each
network: weights of 8 to 1 bits in ranges of least squared error and in those of the largest weight, two kernels for the
worst layer, groups of classes, fixed point, sums of powers of two; of the two-layer network also weight pools, and what
training on for a part of an epoch brings back. Accuracies are those of the converted files, with the rest in int8, on
all test images. Ranges of the maps come from 200 training images.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal import compress, zoo
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.deploy.convert import convert
from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.runtime import Runtime
from larq_focal.network.graph import QuantGraph
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.kernel import Kernel
from larq_focal.nn import keras

CALIBRATED_ON = 200
BITS = (8, 6, 4, 3, 2, 1)
RETRAINED_ON, LEARNING_RATE = 20_000, 1e-3
POOL = 64
Row = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--networks", nargs="*", default=[*NETWORKS], choices=NETWORKS)
    parser.add_argument("--json", type=Path, help="Where the rows go, beside those that are there of other networks.")
    arguments = parser.parse_args()
    for name in arguments.networks:
        build, dataset = NETWORKS[name]
        data = load_dataset(dataset, arguments.data_dir)
        model = build(data)
        rows = [*measured(from_keras(model), data)]
        if name == "two_layer-mnist":
            rows += retrained(build, data)
        print_table(name, data, rows)
        if arguments.json:
            kept = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
            machine = describe_machine()
            kept[name] = {"data": data.title, "machine": {key: machine[key] for key in ("cpu", "system")}, "rows": rows}
            arguments.json.write_text(json.dumps(kept, indent=1) + "\n")


def pretrained(name: str, weights: str, shape: tuple[int, ...]) -> Callable[[Dataset], keras.Model]:
    return lambda data: zoo.build(name, weights=weights, input_shape=shape)


NETWORKS: dict[str, tuple[Callable[[Dataset], keras.Model], str]] = {
    "two_layer-mnist": (pretrained("two_layer_full_precision", "mnist", (28, 28, 1)), "mnist"),
    "small_residual_react-cifar10": (pretrained("small_residual_react", "cifar10", (32, 32, 3)), "cifar10"),
}


def row(method: str, bits: float, network: QuantGraph, data: Dataset, classes: tuple[int, ...] = (), **options) -> Row:
    """The file of a network, on the test images of ``classes``, or on all."""
    images, inside = as_input(data.x_test), np.ones(len(data.y_test), bool)
    labels = data.y_test
    if classes:
        inside = np.isin(data.y_test, classes)
        labels = np.searchsorted(classes, data.y_test[inside])
    if bits != 32:
        options |= {"rest": "int8", "representative": as_input(data.x_train[:CALIBRATED_ON])}
    with tempfile.TemporaryDirectory() as folder:
        path = convert(network, Path(folder) / "network.tflite", data=images[:4], **options).path
        scores = Runtime(path).run(images[inside])
        accuracy = float(np.mean(scores.argmax(-1) == labels))
        return {
            "method": method,
            "bits": bits,
            "bytes": path.stat().st_size,
            "accuracy": accuracy,
            "classes": [*classes],
        }


def measured(graph: QuantGraph, data: Dataset) -> Iterator[Row]:
    yield row("float", 32, graph, data)
    for bits in BITS:
        yield row("least squares", bits, compress.quantize_weights(graph, bits).graph, data)
        if bits > 1:
            by_largest = compress.quantize_weights(graph, bits, scheme="largest weight")
            yield row("largest weight", bits, by_largest.graph, data)
    for bits in (3, 2):
        yield row("two kernels for the worst layer", bits, compress.dual_weights(graph, bits).graph, data)
    for groups in (2, 5):
        for members in compress.class_groups(graph, groups):
            part = compress.for_classes(graph, members)
            for bits in (8, 3, 2):
                few = compress.quantize_weights(part, bits).graph
                yield row(f"{groups} groups of classes", bits, few, data, members)
    for bits in (8, 4):
        fixed = compress.fixed_point_weights(graph, bits).graph
        yield row("fixed point", bits, fixed, data, calibration="fixed point")
    for terms in (1, 1.5, 2):
        yield row(f"{terms} powers of two on average", 4 * terms, compress.compact_weights(graph, terms).graph, data)


def retrained(build: Callable[[Dataset], keras.Model], data: Dataset) -> Iterator[Row]:
    graph = from_keras(build(data))
    pool = compress.weight_pool(graph, POOL)
    pooled = compress.pool_weights(graph, pool)
    pool_bits = 8 * pooled.pool_bytes / pooled.pooled_weights
    yield row(f"pool of {POOL}", pool_bits, pooled.graph, data)
    model = build(data)
    train_on(model, data, lambda kernel: compress.pooled_kernel(kernel, pool)[0].values(), pooled.indices)
    yield row(f"pool of {POOL}, trained on", pool_bits, compress.pool_weights(from_keras(model), pool).graph, data)
    for bits in (2, 1):
        narrow = [layer.name for layer in compress.quantize_weights(graph, bits).layers if layer.bits == bits]
        model = build(data)
        train_on(model, data, lambda kernel, bits=bits: few_bits(kernel, bits), narrow)
        yield row("least squares, trained on", bits, compress.quantize_weights(from_keras(model), bits).graph, data)


def few_bits(kernel: np.ndarray, bits: int) -> np.ndarray:
    return compress.quantize_kernel(Kernel(kernel, None, 32), bits).values()


def train_on(model: keras.Model, data: Dataset, projection, layers) -> None:
    model.compile(keras.optimizers.Adam(LEARNING_RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images, labels = as_input(data.x_train[:RETRAINED_ON]), data.y_train[:RETRAINED_ON]
    compress.retrain(model, projection, images, labels, layers=[*layers])


def print_table(name: str, data: Dataset, rows: list[Row]) -> None:
    """The rows of groups as their means."""
    print(f"\n{name}, {data.title}\n\n| weights | bits | accuracy | file, bytes |\n| --- | ---: | ---: | ---: |")
    seen: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        seen.setdefault((row["method"], row["bits"]), []).append(row)
    for (method, bits), each in seen.items():
        accuracy, size = (np.mean([row[key] for row in each]) for key in ("accuracy", "bytes"))
        print(f"| {method} | {bits:.3g} | {accuracy:.2%} | {size:,.0f} |", flush=True)


if __name__ == "__main__":
    main()

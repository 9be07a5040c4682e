"""What few bits after training do to trained networks: accuracy and bytes of their files.

    python -m benchmarks.compress --data-dir FOLDER [--networks NAME ...] [--json FILE]

Run it from the repository with larq_focal[larq,test], or [keras-tf,test] on Keras 3. Prints Markdown tables: weights of
8 to 1 bits in ranges of least squared error and in those of the largest weight, with the rest in int8; two kernels for
the worst layer; groups of classes. Accuracies are those of the converted files on all test images. Ranges of the maps
come from 200 training images. ``two_layer-cifar10`` has no pretrained weights: it is trained here for a few epochs.
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
from larq_focal.nn import keras

CALIBRATED_ON = 200
BITS = (8, 6, 4, 3, 2, 1)
EPOCHS, LEARNING_RATE = 4, 1e-3
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
        rows = [*measured(name, from_keras(build(data)), data)]
        print_table(name, data, rows)
        if arguments.json:
            kept = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
            machine = describe_machine()
            kept[name] = {"data": data.title, "machine": {key: machine[key] for key in ("cpu", "system")}, "rows": rows}
            arguments.json.write_text(json.dumps(kept, indent=1) + "\n")


def pretrained(name: str, weights: str, shape: tuple[int, ...]) -> Callable[[Dataset], keras.Model]:
    return lambda data: zoo.build(name, weights=weights, input_shape=shape)


def trained(data: Dataset) -> keras.Model:
    """The two-layer network in full precision, trained for a few epochs on images of which half are mirrored."""
    keras.utils.set_random_seed(0)
    model = zoo.build("two_layer_full_precision", input_shape=data.image_shape)
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images, random = as_input(data.x_train), np.random.default_rng(0)
    for epoch in range(EPOCHS):
        optimizer.learning_rate.assign(LEARNING_RATE * (1 - epoch / EPOCHS))
        mirrored = random.random(len(images)) < 0.5
        images[mirrored] = images[mirrored][:, :, ::-1]
        model.fit(images, data.y_train, batch_size=128, verbose=0)
    return model


NETWORKS: dict[str, tuple[Callable[[Dataset], keras.Model], str]] = {
    "two_layer-mnist": (pretrained("two_layer_full_precision", "mnist", (28, 28, 1)), "mnist"),
    "small_residual_react-cifar10": (pretrained("small_residual_react", "cifar10", (32, 32, 3)), "cifar10"),
    "two_layer-cifar10": (trained, "cifar10"),
}


def measured(name: str, graph: QuantGraph, data: Dataset) -> Iterator[Row]:
    images, samples = as_input(data.x_test), as_input(data.x_train[:CALIBRATED_ON])

    def row(method: str, bits: int, network: QuantGraph, classes: tuple[int, ...] = ()) -> Row:
        inside = np.isin(data.y_test, classes) if classes else np.ones(len(images), bool)
        labels = np.searchsorted(classes, data.y_test[inside]) if classes else data.y_test
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.tflite"
            is_float = bits == 32
            options = {} if is_float else {"rest": "int8", "representative": samples}
            file = convert(network, path, data=images[:4], **options)
            scores = Runtime(file.path).run(images[inside])
            found = {"method": method, "bits": bits, "bytes": path.stat().st_size}
        return found | {"accuracy": float(np.mean(scores.argmax(-1) == labels)), "classes": list(classes)}

    yield row("float", 32, graph)
    for bits in BITS:
        yield row("least squares", bits, compress.quantize_weights(graph, bits).graph)
        if bits > 1:
            by_largest = compress.quantize_weights(graph, bits, scheme="largest weight")
            yield row("largest weight", bits, by_largest.graph)
    for bits in (3, 2):
        yield row("two kernels for the worst layer", bits, compress.dual_weights(graph, bits, worst=1).graph)
    for groups in (2, 5):
        for members in compress.class_groups(graph, groups):
            part = compress.for_classes(graph, members)
            for bits in (8, 3, 2):
                yield row(f"{groups} groups of classes", bits, compress.quantize_weights(part, bits).graph, members)


def print_table(name: str, data: Dataset, rows: list[Row]) -> None:
    """The rows of groups as their means."""
    print(f"\n{name}, {data.title}\n\n| weights | bits | accuracy | file, bytes |\n| --- | ---: | ---: | ---: |")
    seen: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        seen.setdefault((row["method"], row["bits"]), []).append(row)
    for (method, bits), each in seen.items():
        accuracy, size = (np.mean([row[key] for row in each]) for key in ("accuracy", "bytes"))
        print(f"| {method} | {bits} | {accuracy:.2%} | {size:,.0f} |", flush=True)


if __name__ == "__main__":
    main()

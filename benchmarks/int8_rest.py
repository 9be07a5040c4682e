"""What an int8 rest does to networks of larq-zoo: bytes and time, and the accuracy of one that is trained here.

    python -m benchmarks.int8_rest [--networks NAME ...]
    python -m benchmarks.int8_rest --train QuickNetSmall --data-dir FOLDER [--epochs N] [--images N]

Run it from the repository with larq_focal[larq,test]. Prints Markdown tables. The first compares files with
random weights and normalisations as if trained, both run by the delegate in turn; the time is that of the file with an
int8 rest relative to that with a float rest. With --train a network learns CIFAR-10 for a few epochs at 32 pixels, and
is converted with each way of calibration on 500 training images; the accuracies are those of the two files on the test
images.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.own_conversion import MIB, SIDES, network
from larq_focal.datasets.dataset import as_input, load_dataset
from larq_focal.deploy.calibration import METHODS
from larq_focal.deploy.int8_rest import Int8Options, write_int8_rest
from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.timing import paired
from larq_focal.keras import keras
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite import write_tflite

CALIBRATED_ON = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="*", default=SIDES, choices=SIDES)
    parser.add_argument("--train", metavar="NETWORK")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--images", type=int, default=50_000)
    arguments = parser.parse_args()
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['system']}, Python {machine['python']}\n")
    if arguments.train:
        print_trained(arguments.train, arguments.data_dir, arguments.epochs, arguments.images)
        return
    print("| network | pixels | MiB: float rest | int8 rest | ms: float rest | int8 rest | time |")
    print("| --- " * 7 + "|", flush=True)
    for name in arguments.networks:
        print(row(name, SIDES[name]), flush=True)
        keras.backend.clear_session()


def row(name: str, side: int) -> str:
    graph = from_keras(network(name, side))
    (image,) = graph.inputs
    samples = {image.name: np.random.default_rng(0).normal(size=(8, side, side, 3)).astype(np.float32)}
    files = write_int8_rest(graph, Int8Options(samples)).content, write_tflite(graph)
    times = paired(*(Runtime(content, engine="delegate") for content in files), min_seconds=3.0)
    return (
        f"| {name} | {side} | {len(files[1]) / MIB:.3f} | {len(files[0]) / MIB:.3f} | {times.second.median_ms:.2f} | "
        f"{times.first.median_ms:.2f} | {times.median_ratio:.2f} |"
    )


def print_trained(name: str, data_dir: Path, epochs: int, images: int) -> None:
    dataset = load_dataset("cifar10", data_dir)
    graph = from_keras(trained(name, as_input(dataset.x_train[:images]), dataset.y_train[:images], epochs))
    (image,) = graph.inputs
    representative, tested = as_input(dataset.x_train[:CALIBRATED_ON]), as_input(dataset.x_test)
    print(f"{name} on {dataset.title}, {epochs} epochs of {images:,} images, 10,000 test images\n")
    print("| ranges by | accuracy: float rest | int8 rest | same class | MiB: float rest | int8 rest |")
    print("| --- " * 6 + "|", flush=True)
    for method in METHODS:
        options = Int8Options(representative, dataset.y_test, method=method)
        file = write_int8_rest(graph, options, data={image.name: tested})
        loss, same = file.loss, file.loss.same_class / file.loss.samples
        print(
            f"| {method} | {loss.float_accuracy:.2%} | {loss.int8_accuracy:.2%} | {same:.2%} | "
            f"{loss.float_bytes / MIB:.3f} | {len(file.content) / MIB:.3f} |",
            flush=True,
        )


def trained(name: str, images: np.ndarray, labels: np.ndarray, epochs: int) -> keras.Model:
    import larq_zoo

    keras.utils.set_random_seed(0)
    home = larq_zoo.sota if hasattr(larq_zoo.sota, name) else larq_zoo.literature
    model = getattr(home, name)(weights=None, input_shape=images.shape[1:], num_classes=10)
    steps = epochs * len(images) // 128
    schedule = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, labels, 128, epochs, verbose=2)
    return model


if __name__ == "__main__":
    main()

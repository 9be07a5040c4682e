"""Converts networks of larq-zoo by Larq Compute Engine and by larq_focal's own writer, and compares the files.

    python -m benchmarks.own_conversion [--networks NAME ...]

Run it from the repository with larq_focal[larq,test]. Weights are random, normalisations as if trained;
the softmax is left out. Prints a Markdown table: packed convolutions, size and time of the conversion by both (ours: to
read the model and to write the file), the largest difference of their outputs, relative to the largest, both run by the
delegate; how long an inference of LCE's file takes, and what share of that ours takes, timed in turn; and size and time
of ours with the rest in int8, calibrated on random images.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from larq_focal.deploy.int8_rest import Int8Options, write_int8_rest
from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.runtime import Runtime
from larq_focal.deploy.timing import paired
from larq_focal.keras import keras
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite import write_tflite
from tests.support.lce import converted, randomise_batch_norms

SIDES = {
    "QuickNetSmall": 224,
    "QuickNet": 224,
    "QuickNetLarge": 224,
    "BinaryDenseNet28": 96,
    "BinaryDenseNet37": 96,
    "BinaryDenseNet37Dilated": 96,
    "BinaryDenseNet45": 96,
    "MeliusNet22": 96,
    "BiRealNet": 96,
    "BinaryResNetE18": 96,
    "RealToBinaryNet": 96,
    "BinaryAlexNet": 224,
    "XNORNet": 224,
}
"""Networks with the height and width of their images."""
COLUMNS = (
    *("network", "pixels", "packed: LCE", "ours", "MiB: LCE", "ours", "int8 rest"),
    *("seconds: LCE", "read", "write", "difference", "ms: LCE", "ours", "int8 rest"),
)
MIB = 2**20
SAMPLES = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="*", default=SIDES, choices=SIDES)
    arguments = parser.parse_args()
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['system']}, Python {machine['python']}\n")
    print(f"| {' | '.join(COLUMNS)} |")
    print("| --- " * len(COLUMNS) + "|", flush=True)
    for name in arguments.networks:
        print(row(name, SIDES[name]), flush=True)
        keras.backend.clear_session()


def row(name: str, side: int) -> str:
    model = network(name, side)
    by_lce, lce_s = timed(lambda: converted(model))
    graph, read_s = timed(lambda: from_keras(model))
    ours, write_s = timed(lambda: write_tflite(graph))
    runtimes = [Runtime(content, engine="delegate") for content in (ours, by_lce)]
    images = np.random.default_rng(0).normal(size=(SAMPLES, side, side, 3)).astype(np.float32)
    outputs = [runtime.run(images) for runtime in runtimes]
    difference = np.abs(outputs[0] - outputs[1]).max() / np.abs(outputs[1]).max()
    packed = [runtime.operations.count("LceBconv2d") for runtime in runtimes]
    of_ours = paired(*runtimes, min_seconds=3.0)
    int8 = write_int8_rest(graph, Int8Options(images)).content
    of_int8 = paired(Runtime(int8, engine="delegate"), runtimes[1], min_seconds=3.0)
    return (
        f"| {name} | {side} | {packed[1]} | {packed[0]} | {len(by_lce) / MIB:.3f} | {len(ours) / MIB:.3f} | "
        f"{len(int8) / MIB:.3f} | {lce_s:.1f} | {read_s:.2f} | {write_s:.2f} | {difference:.1e} | "
        f"{of_ours.second.median_ms:.2f} | {of_ours.median_ratio:.2f} | {of_int8.median_ratio:.2f} |"
    )


def network(name: str, side: int) -> keras.Model:
    import larq_zoo

    keras.utils.set_random_seed(0)
    home = larq_zoo.sota if hasattr(larq_zoo.sota, name) else larq_zoo.literature
    model = getattr(home, name)(weights=None, input_shape=(side, side, 3))
    last = model.layers[-1]
    if isinstance(last, keras.layers.Activation):
        model = keras.Model(model.inputs, last.input)
    randomise_batch_norms(model)
    return model


def timed(function):
    start = time.perf_counter()
    return function(), time.perf_counter() - start


if __name__ == "__main__":
    main()

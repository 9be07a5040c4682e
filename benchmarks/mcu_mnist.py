"""Holds networks of the zoo, written in C, against the interpreter on all test images of MNIST.

    python -m benchmarks.mcu_mnist --data-dir DIR [--networks NAME ...] [--count 10000]

Run it from the repository with larq_focal[larq,test] and a C compiler. Each network is exported for 8-bit pixels,
compiled by the compiler of this machine, and run on the test images. Prints what it takes in flash and RAM, its
accuracy, how many images have all outputs equal to the bit to those of the interpreter of what was written, and for how
many the class is that of the network before it was lowered. Fails where an output differs in a network without floats.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from larq_focal import zoo
from larq_focal.mcu.export import export_c
from larq_focal.mcu.host import STRICT, HostProgram
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras

NETWORKS = ("mcu_digits", "lenet_sign", "two_layer_ste_sign", "two_layer_ternary", "two_layer_zero_one")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with mnist.npz")
    parser.add_argument("--networks", nargs="*", default=NETWORKS)
    parser.add_argument("--count", type=int, default=10_000, help="of images")
    arguments = parser.parse_args()
    with np.load(arguments.data_dir / "mnist.npz") as file:
        images, labels = file["x_test"][: arguments.count, ..., None], file["y_test"][: arguments.count]
    print("| network | tables, bytes | RAM, bytes | accuracy | equal to the bit | class as before lowering | floats |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for name in arguments.networks:
        print(row(name, images, labels), flush=True)


def row(name: str, images: np.ndarray, labels: np.ndarray) -> str:
    """What came of a network, as a row of the table."""
    graph = from_keras(zoo.build(name, weights="mnist", input_shape=images.shape[1:]))
    (image,), (output,) = graph.inputs, graph.outputs
    with tempfile.TemporaryDirectory() as folder:
        written = export_c(graph, Path(folder) / "c", pixels="centred", data=images[:4])
        executable = HostProgram([written.folder], [written.program], ["network"], Path(folder), (*STRICT, "-O2"))
        actual = executable.run(0, {image.name: images})[output]
    expected = interpret(written.program.graph, images, [output])[output]
    before = interpret(graph, (images.astype(np.float32) - 128) / 256, [output])[output]
    equal = int((actual == expected).all(1).sum())
    classes = actual.argmax(1)
    same, accuracy = int((classes == before.argmax(1)).sum()), float((classes == labels).mean())
    cost, count = written.cost, len(images)
    floats = ", ".join(cost.float_steps) or "none"
    if not cost.float_steps and equal != count:
        raise SystemExit(f"{name}: {count - equal} of {count} images differ")
    figures = f"{cost.table_bytes:,} | {cost.ram_bytes:,} | {accuracy:.2%} | {equal:,} | {same:,}"
    return f"| {name} | {figures} | {floats} |"


if __name__ == "__main__":
    main()

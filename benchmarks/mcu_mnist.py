"""Holds networks of the zoo, written in C, against the interpreter on test images of MNIST.

    python -m benchmarks.mcu_mnist --data-dir DIR [--networks NAME ...] [--targets TARGET ...] [--count 10000]
        [--emulated 20]

Run it from the repository with larq_focal[larq,test] and a C compiler. Each network is exported for 8-bit pixels and
for each target, compiled by the compiler of this machine, and run on the test images. Prints what it takes in flash and
RAM, its accuracy, how many images have all outputs equal to the bit to those of the interpreter of what was written, and
for how many the class is that of the network before it was lowered. With --emulated, the first images are run on every
emulated microcontroller too (see benchmarks/mcu_kernels.py for what that needs), and the instructions of an image are
printed. Fails where an output differs in a network without floats, or on a microcontroller.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from larq_focal import zoo
from larq_focal.mcu.emulated_run import run_emulated
from larq_focal.mcu.emulator import MICROCONTROLLERS
from larq_focal.mcu.export import export_c
from larq_focal.mcu.host import STRICT, HostProgram
from larq_focal.mcu.passes import lower_for_c
from larq_focal.mcu.pixel_input import with_pixel_input
from larq_focal.mcu.program import program_of
from larq_focal.mcu.selection import TARGETS
from larq_focal.mcu.writer import Placement, header_text, source_text
from larq_focal.network import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras

NETWORKS = ("mcu_digits", "lenet_sign", "two_layer_ste_sign", "two_layer_ternary", "two_layer_zero_one")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with mnist.npz")
    parser.add_argument("--networks", nargs="*", default=NETWORKS)
    parser.add_argument("--count", type=int, default=10_000, help="of images")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=["generic"])
    parser.add_argument("--emulated", type=int, default=0, help="images for every emulated microcontroller")
    arguments = parser.parse_args()
    with np.load(arguments.data_dir / "mnist.npz") as file:
        images, labels = file["x_test"][: arguments.count, ..., None], file["y_test"][: arguments.count]
    print("| network | target | tables, bytes | RAM, bytes | accuracy | equal to the bit | same class | floats |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for name in arguments.networks:
        graph = from_keras(zoo.build(name, weights="mnist", input_shape=images.shape[1:]))
        expected = _Expected(graph, images, labels)
        for target in arguments.targets:
            print(row(name, expected, target), flush=True)
        if arguments.emulated:
            for line in emulated(name, expected, arguments.emulated):
                print(line, flush=True)


class _Expected:
    """What a network gives for images: as it was trained, and as it is written in C.

    Attributes:
        classes: before it was lowered, ``[N]``.
        outputs: of the interpreter of what is written, ``[N, classes]``.
    """

    def __init__(self, graph: QuantGraph, images: np.ndarray, labels: np.ndarray):
        self.graph, self.images, self.labels = graph, images, labels
        (self.input,), (self.output,) = graph.inputs, graph.outputs
        before = interpret(graph, (images.astype(np.float32) - 128) / 256, [self.output])[self.output]
        self.classes = before.argmax(1)
        self.lowered = lower_for_c(with_pixel_input(graph, "centred"))
        self.outputs = interpret(self.lowered, images, [self.output])[self.output]


def row(name: str, expected: _Expected, target: str) -> str:
    """What came of a network, as a row of the table."""
    images = expected.images
    with tempfile.TemporaryDirectory() as folder:
        written = export_c(expected.graph, Path(folder) / "c", pixels="centred", target=target, data=images[:4])
        executable = HostProgram([written.folder], [written.program], ["network"], Path(folder), (*STRICT, "-O2"))
        actual = executable.run(0, {expected.input.name: images})[expected.output]
    equal = int((actual == expected.outputs).all(1).sum())
    classes = actual.argmax(1)
    same, accuracy = int((classes == expected.classes).sum()), float((classes == expected.labels).mean())
    cost, count = written.cost, len(images)
    floats = ", ".join(cost.float_steps) or "none"
    if not cost.float_steps and equal != count:
        raise SystemExit(f"{name}: {count - equal} of {count} images differ")
    figures = f"{cost.table_bytes:,} | {cost.ram_bytes:,} | {accuracy:.2%} | {equal:,} | {same:,}"
    return f"| {name} | {target} | {figures} | {floats} |"


def emulated(name: str, expected: _Expected, count: int) -> Iterator[str]:
    """Runs the first images on every microcontroller."""
    feeds = {expected.input.name: expected.images[:count]}
    for board, machine in MICROCONTROLLERS.items():
        program = program_of(expected.lowered, machine.target)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "network.c").write_text(source_text(program, "network", Placement()))
            (Path(folder) / "network.h").write_text(header_text(program, "network"))
            run = run_emulated(program, Path(folder), "network", feeds, machine)
        np.testing.assert_array_equal(run.outputs[expected.output], expected.outputs[:count], f"{name} on {board}")
        yield f"{name} on {board}: {count} images equal to the bit, {run.instructions.max():,} instructions an image"


if __name__ == "__main__":
    main()

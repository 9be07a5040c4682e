"""Holds trained networks of the zoo, written in C, against the interpreter, and counts what they take.

    python -m benchmarks.mcu_trained --data-dir DIR [--networks WEIGHTS ...] [--target generic] [--count 10000]
        [--picture FILE]

Run it from the repository with larq_focal[larq,docs,test] and a C compiler, and DIR holding mnist.npz, cifar10.npz and
the files of BasicMotions. WEIGHTS are pretrained ones by their names, such as mcu_digits-mnist-2kB. Each network is
exported for samples of 8 bits and for a target, whose kernels are C that runs here too, compiled by the compiler of
this machine, and run on all test samples. Prints what it takes in flash and RAM, its accuracy, how many samples have
all outputs equal to the bit to those of the interpreter of what was written, and for how many the class is that of the
network before it was lowered. Then a program for each emulated microcontroller that is installed runs on 20 samples:
outputs must be equal again, instructions are counted. Fails where an output differs in a network without floats. The
picture shows the accuracy of digits against bytes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from larq_focal import zoo
from larq_focal.bench.records.record_file import read_record
from larq_focal.datasets.dataset import Dataset, as_input, load_dataset
from larq_focal.files import written_whole
from larq_focal.mcu.emulated_run import run_emulated
from larq_focal.mcu.emulator import MICROCONTROLLERS
from larq_focal.mcu.export import CExport, export_c
from larq_focal.mcu.host import STRICT, HostProgram
from larq_focal.mcu.selection import TARGETS
from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.tables import pipe_table
from tools.publish_weights import PRETRAINED

DIGITS = ("mcu_digits-mnist-1kB", "mcu_digits-mnist-2kB", "mcu_digits-mnist")
NETWORKS = (
    *DIGITS,
    "mcu_images-cifar10",
    "human_activity_sign-basic_motions",
    "lenet_sign-mnist",
    "two_layer_ste_sign-mnist",
    "two_layer_ternary-mnist",
    "two_layer_zero_one-mnist",
)
EMULATED = ("cortex-m4", "rv32im", "rv32i")
_SAMPLES, _AT_ONCE = 20, 500
_HEADINGS = ("weights", "tables", "RAM", "accuracy", "equal to the bit", "class as before", "floats", *EMULATED)
BITNETMCU = {13.0e3: 0.9958, 11.0e3: 0.9955}
"""Accuracies on MNIST by bytes of weights, from the README of https://github.com/cpldcpu/BitNetMCU."""


@dataclass(frozen=True)
class Taken:
    """What a network takes and gives."""

    weight_bytes: int
    accuracy: float
    cells: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--networks", nargs="*", default=NETWORKS)
    parser.add_argument("--target", choices=TARGETS, default="generic", help="of the program that runs here")
    parser.add_argument("--count", type=int, default=10_000, help="of samples, at most")
    parser.add_argument(
        "--picture", type=Path, help="a PNG of accuracy against bytes, of the digits among the networks"
    )
    arguments = parser.parse_args()
    taken = {}
    for name in arguments.networks:
        taken[name] = measured(name, arguments.data_dir, arguments.count, arguments.target)
        print(name, *taken[name].cells, sep=" | ", flush=True)
    print(pipe_table(("network", *_HEADINGS), [(name, *each.cells) for name, each in taken.items()], _HEADINGS))
    if arguments.picture:
        draw([taken[name] for name in DIGITS if name in taken], arguments.picture)


def measured(name: str, data_dir: Path, count: int, target: str) -> Taken:
    """Runs one network everywhere."""
    settings = read_record(PRETRAINED / f"{name}.json")["settings"]
    data = load_dataset(settings["dataset"], data_dir)
    model = zoo.build(
        settings["model"],
        weights=name.removeprefix(f"{settings['model']}-"),
        input_shape=data.image_shape,
        num_classes=len(data.classes),
        **settings["options"],
    )
    graph = from_keras(model)
    weights = sum(op.kernel.codes.size * op.kernel.bits for op in graph if isinstance(op, ops.Linear))
    with tempfile.TemporaryDirectory() as folder:
        export = export_c(graph, Path(folder) / "c", target=target, pixels="centred", data=data.x_test[:4])
        accuracy, cells = on_host(name, export, graph, data, count, Path(folder))
        cells += [instructions(each, graph, data, Path(folder)) for each in EMULATED]
    return Taken(-(-weights // 8), accuracy, (f"{-(-weights // 8):,}", *cells))


def on_host(name: str, export: CExport, graph: QuantGraph, data: Dataset, count: int, folder: Path):
    """The accuracy, and the cells of the table but for the instructions."""
    (image,), (output,) = graph.inputs, graph.outputs
    executable = HostProgram([export.folder], [export.program], ["network"], folder, (*STRICT, "-O2"))
    samples, labels = data.x_test[:count], data.y_test[:count]
    actual = executable.run(0, {image.name: samples})[output]
    expected = in_parts(lambda part: interpret(export.program.graph, part, [output])[output], samples)
    before = in_parts(lambda part: interpret(graph, as_input(part), [output])[output], samples)
    equal = int((actual == expected).all(1).sum())
    classes, cost = actual.argmax(1), export.cost
    if not cost.float_steps and equal != len(samples):
        raise SystemExit(f"{name}: {len(samples) - equal} of {len(samples)} samples differ")
    accuracy = float((classes == labels).mean())
    same = int((classes == before.argmax(1)).sum())
    figures = f"{cost.table_bytes:,}", f"{cost.ram_bytes:,}", f"{accuracy:.2%}", f"{equal:,}", f"{same:,}"
    return accuracy, [*figures, ", ".join(cost.float_steps) or "none"]


def in_parts(computed: Callable[[np.ndarray], np.ndarray], samples: np.ndarray) -> np.ndarray:
    """What is computed of each sample, some at once."""
    parts = range(0, len(samples), _AT_ONCE)
    return np.concatenate([computed(samples[start : start + _AT_ONCE]) for start in parts])


def instructions(microcontroller: str, graph: QuantGraph, data: Dataset, folder: Path) -> str:
    """The most that one of some test samples takes, with outputs that are the interpreter's."""
    machine = MICROCONTROLLERS[microcontroller]
    if machine.missing_packages():
        return "not installed"
    (image,), (output,) = graph.inputs, graph.outputs
    target = folder / microcontroller
    export = export_c(graph, target, target=machine.target, pixels="centred", data=data.x_test[:4])
    samples = data.x_test[:_SAMPLES]
    run = run_emulated(export.program, target, "network", {image.name: samples}, machine)
    expected = interpret(export.program.graph, samples, [output])[output]
    np.testing.assert_allclose(run.outputs[output], expected, rtol=1e-5, atol=1e-5 if export.cost.float_steps else 0)
    return f"{run.instructions.max():,}"


def draw(digits: list[Taken], path: Path) -> None:
    """Accuracy on MNIST against bytes of weights, of ours and of BitNetMCU's."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot
    from matplotlib.ticker import PercentFormatter, ScalarFormatter

    figure, axis = pyplot.subplots(figsize=(8, 3.2), layout="constrained")
    axis.plot(
        [each.weight_bytes for each in digits],
        [each.accuracy for each in digits],
        label="mcu_digits",
        color="#1f4e79",
        marker="o",
    )
    axis.plot([*BITNETMCU], [*BITNETMCU.values()], "s", label="BitNetMCU, published", color="#e8873a")
    for each in digits:
        place = (each.weight_bytes, each.accuracy)
        axis.annotate(
            f"{each.accuracy:.2%}", place, xytext=(0, -14), textcoords="offset points", ha="center", fontsize=8
        )
    axis.set_xscale("log")
    axis.set_xticks([1000, 2000, 5000, 10_000, 15_000])
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.minorticks_off()
    axis.margins(0.08, 0.2)
    axis.set_xlabel("bytes of weights")
    axis.set_title("MNIST, accuracy on the test images", fontsize=10)
    axis.yaxis.set_major_formatter(PercentFormatter(1, 1))
    axis.grid(color="#dddddd", linewidth=0.5)
    axis.legend(fontsize=9, loc="lower right")
    with written_whole(path) as file:
        figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    pyplot.close(figure)


if __name__ == "__main__":
    main()

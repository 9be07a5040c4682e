"""Holds the delegate against LCE's interpreter on every network of larq-zoo: outputs, every operation, and memory.

    python -m benchmarks.zoo_equality [--models FOLDER] [--networks NAME ...]

Run it from the repository with larq_focal[larq,test]. It converts each network, with random weights and
normalisations as if trained, in a process of its own; XNORNet and BinaryAlexNet take some GB for that. DoReFaNet is
left out: LCE keeps its two-bit activations in float, so that no operation is binary. The converted files are kept.
Prints a Markdown table, and fails where a network differs:

- "operations": the binary operations one by one, each by the delegate and by LCE, on what goes into them for one image:
  how many there are, how many differ (packed and int8 outputs at all, float ones by more than 1e-5), and the largest
  difference of float ones;
- "network": the largest difference of the logits, relative to the largest of them, both without XNNPACK;
- "with XNNPACK": the same as ``Runtime`` runs them. LiteRT's and LCE's XNNPACK are of different ages and may differ in
  the last bit of a float sum, which turns the sign of a value close to 0, and from there on the networks part;
- "memory": the peak growth of an inference in MiB with the delegate and XNNPACK, and with LCE's own default, without;
  the last column is the one by the other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from larq_focal.deploy.engines import LiteRTEngine
from larq_focal.deploy.lce_extension import lce_extension
from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.memory import Growth, peak_memory
from larq_focal.deploy.runtime import Runtime
from larq_focal.network.tflite.flatbuffer import FlatModel, read_flatbuffer
from larq_focal.network.tflite.single_operations import single_operations
from tests.delegate.engines import WithDelegate, lce_outputs

NETWORKS = (
    *("QuickNetSmall", "QuickNet", "QuickNetLarge", "BiRealNet", "BinaryResNetE18", "RealToBinaryNet"),
    *("BinaryDenseNet28", "BinaryDenseNet37", "BinaryDenseNet37Dilated", "BinaryDenseNet45", "MeliusNet22"),
    *("XNORNet", "BinaryAlexNet"),
)
IMAGE = (224, 224, 3)
TOLERANCE = 1e-5
MIB = 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--models", type=Path, default=Path("results/zoo_models"), help="where converted models are kept"
    )
    parser.add_argument("--networks", nargs="*", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--convert", help=argparse.SUPPRESS)
    parser.add_argument("--memory-of-lce", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.convert:
        convert(arguments.convert, arguments.models)
    elif arguments.memory_of_lce:
        print(memory_of_lce(arguments.memory_of_lce))
    else:
        sys.exit(print_table(arguments.networks, arguments.models))


def print_table(networks: tuple[str, ...], folder: Path) -> str | None:
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['system']}, Python {machine['python']}; one image of 224 by 224 pixels\n")
    print("| network | operations | differ | largest | network | with XNNPACK | delegate, MiB | LCE, MiB | memory |")
    print("| --- " * 9 + "|", flush=True)
    failed = []
    for name in networks:
        model = read_flatbuffer(converted(name, folder))
        differences = list(operation_differences(model, image()))
        differing = sum(difference > TOLERANCE for difference in differences)
        whole, shipped = network_differences(model)
        own = peak_memory(model, engine=Runtime(model.content).engine).inference_bytes / MIB
        lce = int(_child("--memory-of-lce", converted(name, folder))) / MIB
        print(
            f"| {name} | {len(differences)} | {differing} | {max(differences, default=0):.1e} | {whole:.1e} "
            f"| {shipped:.1e} | {own:.1f} | {lce:.1f} | {own / lce:.2f} |",
            flush=True,
        )
        if differing or whole > TOLERANCE:
            failed.append(name)
    return f"These differ from LCE: {', '.join(failed)}" if failed else None


def operation_differences(model: FlatModel, batch: np.ndarray) -> Iterator[float]:
    """For each binary operation the relative difference between the delegate and LCE; infinite where bits differ."""
    values = {model.inputs[0].index: batch}
    for operator, content in zip(model.operators, single_operations(model), strict=True):
        inputs = [tensor for tensor in operator.inputs if tensor is not None and not tensor.is_constant]
        feeds = [values[index] for index in dict.fromkeys(tensor.index for tensor in inputs)]
        if operator.is_custom:
            (output,), expected = WithDelegate(content).run(*feeds), lce_outputs(content, *feeds)
            yield difference(output, expected[0])
        else:
            expected = LiteRTEngine(read_flatbuffer(content), 1).run(feeds)
        values |= {tensor.index: output for tensor, output in zip(operator.outputs, expected, strict=True)}


def network_differences(model: FlatModel) -> tuple[float, float]:
    """Of the logits without XNNPACK, and as ``Runtime`` runs the network."""
    without = WithDelegate(model.content, xnnpack=False).run(image())[0]
    shipped = [Runtime(model.content, engine=engine).run(image()) for engine in (Runtime(model.content).engine, "lce")]
    return difference(without, lce_outputs(model.content, image())[0]), difference(*shipped)


def difference(output: np.ndarray, expected: np.ndarray) -> float:
    if output.dtype != np.float32:
        return 0.0 if np.array_equal(output, expected) else np.inf
    return float(np.abs(output - expected).max() / np.abs(expected).max())


def image() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(1, *IMAGE)).astype(np.float32)


def memory_of_lce(path: Path) -> int:
    """Bytes by which a process grows in an inference with LCE's default: its arena, with scratch."""
    wrapper = lce_extension("tflite.python.interpreter_wrapper_lite")
    threads, use_reference_bconv, use_indirect_bgemm, use_xnnpack = 1, False, False, False
    content, inputs = path.read_bytes(), [image()]
    interpreter = wrapper.LiteInterpreter(content, threads, use_reference_bconv, use_indirect_bgemm, use_xnnpack)
    growth = Growth()
    interpreter.predict(inputs)
    return growth.peak_bytes()


def converted(name: str, folder: Path) -> Path:
    path = folder / f"{name}.tflite"
    if not path.exists():
        _child("--models", folder, "--convert", name)
    return path


def _child(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "benchmarks.zoo_equality", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def convert(name: str, folder: Path) -> None:
    """Up to the logits: a softmax hides differences."""
    import larq_zoo

    from larq_focal.files import written_whole
    from larq_focal.keras import keras
    from tests.support.lce import converted as convert_model
    from tests.support.lce import randomise_batch_norms

    keras.utils.set_random_seed(0)
    source = larq_zoo.sota if hasattr(larq_zoo.sota, name) else larq_zoo.literature
    model = getattr(source, name)(weights=None, input_shape=IMAGE)
    randomise_batch_norms(model)
    with written_whole(folder / f"{name}.tflite") as file:
        file.write(convert_model(keras.Model(model.inputs, model.layers[-2].output)))


if __name__ == "__main__":
    main()

"""Whole networks of few bits for CIFAR-10: against Keras, and against int8 and binary ones of the same shape.

    python -m benchmarks.few_bit_networks --data-dir FOLDER [--shapes NAME ...] [--methods NAME ...] [--images N]

Run it from the repository with larq_focal[larq,test]. Each network learns a few steps, so that its normalisations hold
what they see; then it is converted with a float rest, and run by each kernel of the delegate on so many test images.
Prints a Markdown table: the bits of weights and maps, which operators the file has, on how many images Keras and the
file choose the same class, and the largest difference of their outputs, in parts of the largest output; then the size
of the file, and what a tenth of the times of an inference lie below, in microseconds: one thread, all files in turn.
"int8" and "float32" are the same shape in full precision by LiteRT with XNNPACK, by its best kernels here.
"""

from __future__ import annotations

import argparse
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate

from benchmarks.few_bits import low_times
from larq_focal import delegate
from larq_focal.datasets.dataset import as_input, load_dataset
from larq_focal.deploy.int8_rest import Int8Options, write_int8_rest
from larq_focal.deploy.machine import describe_machine
from larq_focal.keras import keras
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite import write_tflite
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.quantizers import PACT, SAWB
from larq_focal.zoo.networks.methods import METHODS, Method
from larq_focal.zoo.networks.resnet import resnet20
from larq_focal.zoo.networks.vgg import vgg_small

SHAPES = {"ResNet-20": resnet20, "VGG-small": vgg_small}


def pact(bits: int) -> Method:
    quantizers = partial(PACT, bits=bits), partial(SAWB, bits=bits)
    return Method(f"pact_{bits}", f"PACT, SAWB {bits}", *quantizers, shortcuts=True, pad=0.0, packed=False)


ROWS = {
    "hysteresis_8bit": ("1 x 8", METHODS["hysteresis_8bit"]),
    "tbn": ("1 x ternary", METHODS["tbn"]),
    "pact_2": ("2 x 2", pact(2)),
    "pact_4": ("4 x 4", pact(4)),
    "zero_one": ("1 x 0 and 1", METHODS["zero_one"]),
    "ternary": ("ternary x 1", METHODS["ternary"]),
    "bireal": ("1 x 1", METHODS["bireal"]),
}
"""Methods with the bits of weights and maps."""
STEPS, BATCH = 8, 64
OPERATORS = ("LqfConv2d", "LceBconv2d", "CONV_2D")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--methods", nargs="*", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--kernels", nargs="*", default=delegate.kernels()[:-2] or delegate.kernels()[:1])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}\n")
    dataset = load_dataset("cifar10", arguments.data_dir)
    images, labels = as_input(dataset.x_train[: STEPS * BATCH]), dataset.y_train[: STEPS * BATCH]
    tested = as_input(dataset.x_test[: arguments.images])
    for shape in arguments.shapes:
        print_table(shape, images, labels, tested, arguments)


def print_table(shape: str, images: np.ndarray, labels: np.ndarray, tested: np.ndarray, arguments) -> None:
    kernels, files, agreements = arguments.kernels, {}, {}
    for name in arguments.methods:
        model = trained(shape, ROWS[name][1], images, labels)
        files[name] = write_tflite(from_keras(model))
        agreements[name] = agreement(model, files[name], tested, kernels)
        keras.backend.clear_session()
    float_graph = from_keras(trained(shape, None, images, labels))
    int8 = write_int8_rest(float_graph, Int8Options(images[:100]), packed=False).content
    stock = {"int8": int8, "float32": write_tflite(float_graph)}
    engines = {(name, None): engine(content) for name, content in stock.items()}
    engines |= {(name, kernel): engine(files[name], kernel) for name in files for kernel in kernels}
    times = low_times(engines, arguments.rounds)
    columns = ["weights x maps", *OPERATORS, "same class", "difference", "KiB", *kernels]
    print(f"| {shape} | {' | '.join([*columns, *(f'int8 / {kernel}' for kernel in kernels)])} |")
    print("| --- " * (len(columns) + len(kernels) + 1) + "|")
    int8_time = times["int8", None]
    for name, content in files.items():
        counts = Counter(read_flatbuffer(content).operations)
        of_ours = [times[name, kernel] for kernel in kernels]
        cells = [ROWS[name][1].title, ROWS[name][0], *(str(counts[kind]) for kind in OPERATORS), *agreements[name]]
        cells += [f"{len(content) / 1024:.1f}", *(f"{1e6 * seconds:.0f}" for seconds in of_ours)]
        print(f"| {' | '.join([*cells, *(f'{int8_time / seconds:.2f}' for seconds in of_ours)])} |")
    for name, content in stock.items():
        cells = [f"full precision, {name}", *[""] * (len(OPERATORS) + 3), f"{len(content) / 1024:.1f}"]
        cells += [f"{1e6 * times[name, None]:.0f}", *[""] * (2 * len(kernels) - 1)]
        print(f"| {' | '.join(cells)} |")
    print(flush=True)


def trained(shape: str, method: Method | None, images: np.ndarray, labels: np.ndarray) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = SHAPES[shape](method)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.6
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    model.fit(images, labels, BATCH, epochs=1, verbose=0)
    return model


def agreement(model: keras.Model, content: bytes, images: np.ndarray, kernels: list[str]) -> tuple[str, str]:
    """On how many images the file chooses the class that the model does, and the largest difference of outputs."""
    expected = model.predict(images, verbose=0)
    outputs = [outputs_of(engine(content, kernel), images) for kernel in kernels]
    same = min(int((output.argmax(1) == expected.argmax(1)).sum()) for output in outputs)
    difference = max(np.abs(output - expected).max() for output in outputs) / np.abs(expected).max()
    return f"{same:,} of {len(images):,}", f"{difference:.1e}"


def outputs_of(engine: Interpreter, images: np.ndarray) -> np.ndarray:
    (given,), (result,), outputs = engine.get_input_details(), engine.get_output_details(), []
    for image in images:
        engine.set_tensor(given["index"], image[None])
        engine.invoke()
        outputs.append(engine.get_tensor(result["index"]))
    return np.concatenate(outputs)


def engine(content: bytes, kernel: str | None = None) -> Interpreter:
    """One thread, with an image."""
    delegates = [] if kernel is None else [load_delegate(str(delegate.library_path()), {"kernel": kernel})]
    made = Interpreter(model_content=content, num_threads=1, experimental_delegates=delegates)
    made.allocate_tensors()
    made.kept = delegates  # an interpreter does not keep the delegates that it was given
    (detail,) = made.get_input_details()
    made.set_tensor(detail["index"], np.random.default_rng(0).uniform(-0.5, 0.5, detail["shape"]).astype(np.float32))
    return made


if __name__ == "__main__":
    main()

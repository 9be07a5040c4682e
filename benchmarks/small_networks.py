"""Times networks of few channels: binary by the delegate, and of the same shape in float32 and int8 by XNNPACK.

    python -m benchmarks.small_networks [--rounds N]

Run it from the repository with larq_focal[larq] (the float and int8 files come from TensorFlow's converter). All take
turns in one process, and the low decile of the rounds is shown, so that other work on the machine hits them alike.
Weights are random. The first layers are drawn convolutions of a binarized image, whose packing is in the time.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate

from larq_focal import delegate
from larq_focal.deploy.machine import describe_machine
from larq_focal.keras import keras, tf
from larq_focal.network.keras.from_keras import from_keras
from larq_focal.network.tflite import write_tflite
from tests.delegate.cases import convolution_file, signs
from zoo import two_layer

IMAGE = (28, 28, 1)
NETWORKS = {"two-layer, signs": "ste_sign", "two-layer, learnable binarizer": "lab"}
LAYERS = ((28, 3, 1), (28, 5, 1), (32, 3, 3))  # pixels along a side, of a window, channels; to 16 channels
INNER = 5  # inferences in a round


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=400)
    rounds = parser.parse_args().rounds
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['system']}, Python {machine['python']}; one thread\n")
    kernels = [kernel for kernel in delegate.kernels() if kernel != "reference"]
    float_model = two_layer(None, input_shape=IMAGE)
    others = {"float32": interpreter(float_file(float_model)), "int8": interpreter(int8_file(float_model))}
    print_table(
        "network",
        kernels,
        others,
        {name: packed_file(two_layer(method, input_shape=IMAGE)) for name, method in NETWORKS.items()},
        rounds,
    )
    for side, window, channels in LAYERS:
        rng = np.random.default_rng(0)
        content = convolution_file((1, side, side, channels), signs(rng, (16, window, window, channels)))
        image = keras.Input((side, side, channels))
        same = keras.Model(image, keras.layers.Conv2D(16, window, padding="same", use_bias=False)(image))
        others = {"float32": interpreter(float_file(same)), "int8": interpreter(int8_file(same))}
        print_table(
            "first layer", kernels, others, {f"{side}x{side}x{channels}, {window}x{window}, 16": content}, rounds
        )


def print_table(
    kind: str, kernels: list[str], others: dict[str, Interpreter], files: dict[str, bytes], rounds: int
) -> None:
    print(f"| {kind} | {' | '.join([*kernels, *others])} | float32 / {kernels[0]} | int8 / {kernels[0]} |")
    print("| --- " * (len(kernels) + len(others) + 3) + "|")
    for name, content in files.items():
        runs = {kernel: interpreter(content, kernel) for kernel in kernels}
        times = low_decile_us({**runs, **others}, rounds)
        ratios = [times[other] / times[kernels[0]] for other in others]
        cells = [f"{us:.1f}" for us in times.values()] + [f"{ratio:.1f}" for ratio in ratios]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print()


def packed_file(model: keras.Model) -> bytes:
    return write_tflite(from_keras(model))


def float_file(model: keras.Model) -> bytes:
    return tf.lite.TFLiteConverter.from_keras_model(model).convert()


def int8_file(model: keras.Model) -> bytes:
    """Static int8, in and out."""
    shape, rng = model.input_shape[1:], np.random.default_rng(0)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: [
        [rng.uniform(-0.5, 0.5, (1, *shape)).astype(np.float32)] for _ in range(20)
    ]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


class _Kept(Interpreter):
    """An interpreter that keeps its delegate."""


def interpreter(content: bytes, kernel: str | None = None) -> Interpreter:
    delegates = [load_delegate(str(delegate.library_path()), {"kernel": kernel})] if kernel else None
    made = _Kept(model_content=content, experimental_delegates=delegates, num_threads=1)
    made.kept = delegates
    made.allocate_tensors()
    given = made.get_input_details()[0]
    image = np.random.default_rng(1).normal(0, 0.3, given["shape"])
    made.set_tensor(given["index"], (image * 127 if given["dtype"] == np.int8 else image).astype(given["dtype"]))
    return made


def low_decile_us(runs: dict[str, Interpreter], rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for index in range(rounds + 10):
        for name, run in runs.items():
            start = perf_counter()
            for _ in range(INNER):
                run.invoke()
            if index >= 10:  # the first rounds warm up
                taken[name].append(1e6 * (perf_counter() - start) / INNER)
    return {name: float(np.quantile(times, 0.1)) for name, times in taken.items()}


if __name__ == "__main__":
    main()

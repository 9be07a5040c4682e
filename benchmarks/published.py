"""Times published binary networks beside the int8 networks that one would take instead, on several engines, in one run.

    python -m benchmarks.published [--models FOLDER] [--rounds N] [--record FILE.json]

Run it from the repository. What is there is used, and what is missing is said and left out: ai-edge-litert for
larq_focal's delegate and XNNPACK, onnxruntime, openvino. Files that are not in FOLDER are made first, ``.tflite`` in
larq_focal[keras] or larq_focal[larq], of which the latter alone takes ShuffleNetV2 (its transpositions need
TensorFlow's converter), and ``.onnx`` with KERAS_BACKEND=torch, onnx and onnxscript: call it in one environment after
the other with the same FOLDER. Weights are random, since times do not depend on them; accuracies are the sources'.

All engines take turns in one process, one thread each, in processor time, which a busy machine lengthens little.
Compared are ratios within rounds: the median over all rounds of a network's time over QuickNet's in the same round.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from time import process_time

import numpy as np

from larq_focal.deploy.machine import describe_machine
from larq_focal.files import write_text

SHAPE = (224, 224, 3)
REFERENCE = ("QuickNet", "delegate")
WARM_UP = 3
_LARQ_ZOO = "https://docs.larq.dev/zoo/"
_HOSTED = "TensorFlow Lite's hosted models, tensorflow/lite/g3doc/guide/hosted_models.md"
Run = Callable[[], object]


@dataclass(frozen=True)
class Network:
    """One network: how it is built, and the top-1 accuracy on ImageNet that a source gives."""

    name: str
    bits: str
    accuracy: float
    source: str


NETWORKS = (
    Network("QuickNetSmall", "binary", 59.4, _LARQ_ZOO),
    Network("QuickNet", "binary", 63.3, _LARQ_ZOO),
    Network("QuickNetLarge", "binary", 66.9, _LARQ_ZOO),
    Network("MobileNetV1 0.5", "int8", 61.2, _HOSTED),
    Network("MobileNetV2", "int8", 70.8, _HOSTED),
    Network("ShuffleNetV2", "int8", 69.4, "Ma et al., ECCV 2018, table 8: in float; int8 costs a little"),
)
ENGINES = {"LiteRT, XNNPACK": "ai_edge_litert", "ONNX Runtime": "onnxruntime", "OpenVINO": "openvino"}
"""Those of int8 networks, with their packages."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("results/published_models"), help="where models are kept")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--record", type=Path, help="JSON file for the times of all rounds")
    parser.add_argument("--make", nargs=2, metavar=("NETWORK", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(*arguments.make)
        return
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}; one thread, batch 1, 224 by 224 pixels\n")
    arguments.models.mkdir(parents=True, exist_ok=True)
    runs = {(each.name, engine): run for each in NETWORKS for engine, run in engines(each, arguments.models)}
    times = in_turn(runs, arguments.rounds)
    print_table(times)
    if arguments.record:
        record = {
            "machine": machine,
            "versions": {name: installed(name) for name in ("ai-edge-litert", "onnxruntime", "openvino", "keras")},
            "clock": "process_time",
            "times_ms": {f"{name}, {engine}": values.round(4).tolist() for (name, engine), values in times.items()},
        }
        write_text(arguments.record, json.dumps(record, indent=1) + "\n")


def engines(network: Network, folder: Path) -> Iterator[tuple[str, Run]]:
    """What runs a network here, by the engine's name; what is missing is said."""
    starts = {"delegate": litert, "LiteRT, XNNPACK": litert, "ONNX Runtime": onnx_runtime, "OpenVINO": openvino}
    for engine in ("delegate",) if network.bits == "binary" else ENGINES:
        package = ENGINES.get(engine, "ai_edge_litert")
        file = folder / f"{network.name.lower().replace(' ', '_')}.{'tflite' if 'lite' in package else 'onnx'}"
        if find_spec(package) is None:
            print(f"{network.name} on {engine} is left out: {package} is not installed")
        elif not made(network, file):
            print(
                f"{network.name} on {engine} is left out: '{file}' is not there and cannot be made in this environment"
            )
        else:
            yield engine, starts[engine](file)


def made(network: Network, file: Path) -> bool:
    """Whether a network's file is there, or could be made, in a process of its own."""
    if not file.exists():
        command = [sys.executable, "-m", "benchmarks.published", "--make", network.name, str(file)]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return file.exists()


def litert(file: Path) -> Run:
    from larq_focal.deploy.runtime import Runtime

    return Runtime(file, threads=1).prepare()


def onnx_runtime(file: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    feeds = {given.name: image(first=True)}
    return lambda: session.run(None, feeds)


def openvino(file: Path) -> Run:
    from openvino import Core

    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    request = Core().compile_model(str(file), "CPU", settings).create_infer_request()
    feeds = {0: image(first=True)}
    return lambda: request.infer(feeds)


def image(*, first: bool) -> np.ndarray:
    """A random image with its batch axis; its channels come ``first`` in ONNX files."""
    values = np.random.default_rng(0).uniform(-1, 1, (1, *SHAPE)).astype(np.float32)
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if first else values


def in_turn(runs: dict[tuple[str, str], Run], rounds: int) -> dict[tuple[str, str], np.ndarray]:
    """Milliseconds of processor time of each in each round; each runs twice, the second time is taken."""
    taken: dict[tuple[str, str], list[float]] = {key: [] for key in runs}
    for number in range(rounds + WARM_UP):
        for key, run in runs.items():
            run()
            begin = process_time()
            run()
            if number >= WARM_UP:
                taken[key].append(1000 * (process_time() - begin))
    return {key: np.array(values) for key, values in taken.items()}


def print_table(times: dict[tuple[str, str], np.ndarray]) -> None:
    print("\n| network | bits | engine | top-1, % | ms, low decile | times QuickNet's |")
    print("| --- | --- | --- | --- | --- | --- |")
    by_name = {network.name: network for network in NETWORKS}
    for (name, engine), values in times.items():
        network, ratio = by_name[name], np.median(values / times[REFERENCE])
        low = np.quantile(values, 0.1)
        print(f"| {name} | {network.bits} | {engine} | {network.accuracy} | {low:.2f} | {ratio:.2f} |")
    print("\nAccuracies:")
    for network in NETWORKS:
        print(f"- {network.name}: {network.source}")


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


# Making the files


def make(name: str, file: str) -> None:
    """Writes a network of random weights: ``.tflite`` by larq_focal, ``.onnx`` by Keras and onnxruntime's quantizer."""
    from larq_focal.nn import is_keras_3, keras

    is_onnx = file.endswith(".onnx")
    if is_onnx:
        keras.backend.set_image_data_format("channels_first")
    model = build(name, keras)
    if is_onnx:
        write_onnx(folded(model, keras), Path(file))
        return
    from larq_focal.deploy.convert import convert, convert_int8

    images = np.random.default_rng(0).uniform(-1, 1, (8, *SHAPE)).astype(np.float32)
    if name.startswith("QuickNet"):
        convert(model, file, data=images[:1])
    elif is_keras_3():
        convert(model, file, rest="int8", representative=images, data=images[:1])
    else:
        convert_int8(model, file, representative=images, data=images[:1])


def build(name: str, keras):
    from larq_focal.zoo.registry import find

    shape = SHAPE if keras.backend.image_data_format() == "channels_last" else (SHAPE[2], *SHAPE[:2])
    options = {"weights": None, "classifier_activation": None, "input_shape": shape}
    if name == "MobileNetV1 0.5":
        return keras.applications.MobileNet(alpha=0.5, **options)
    if name == "MobileNetV2":
        return keras.applications.MobileNetV2(**options)
    if name == "ShuffleNetV2":
        return shuffle_net_v2(keras, shape)
    return find({"QuickNetSmall": "quicknet_small", "QuickNetLarge": "quicknet_large"}.get(name, "quicknet")).build()


def shuffle_net_v2(keras, shape: tuple[int, int, int]):
    """ShuffleNetV2 of width 1, Ma et al., "ShuffleNet V2: Practical Guidelines", ECCV 2018, table 5."""
    layers = keras.layers
    is_first = shape[0] == SHAPE[2]
    axis = 1 if is_first else -1

    def conv(x, maps: int, size: int = 1, strides: int = 1):
        x = layers.Conv2D(maps, size, strides, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(axis=axis)(x))

    def depthwise(x, strides: int = 1):
        x = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization(axis=axis)(x)

    def shuffled(x, maps: int, side: int):
        split = (2, maps // 2, side, side) if is_first else (side, side, 2, maps // 2)
        whole = (maps, side, side) if is_first else (side, side, maps)
        order = (2, 1, 3, 4) if is_first else (1, 2, 4, 3)
        return layers.Reshape(whole)(layers.Permute(order)(layers.Reshape(split)(x)))

    def half(x, maps: int, number: int):
        part = slice(number * maps, (number + 1) * maps)
        return x[:, part] if is_first else x[..., part]

    given = layers.Input(shape)
    x = layers.MaxPool2D(3, 2, padding="same")(conv(given, 24, 3, 2))
    side = shape[1] // 4
    for maps, repeats in ((116, 4), (232, 8), (464, 4)):
        side //= 2
        left = conv(depthwise(x, 2), maps // 2)
        right = conv(depthwise(conv(x, maps // 2), 2), maps // 2)
        x = shuffled(layers.Concatenate(axis=axis)([left, right]), maps, side)
        for _ in range(repeats - 1):
            left, right = (half(x, maps // 2, number) for number in range(2))
            right = conv(depthwise(conv(right, maps // 2)), maps // 2)
            x = shuffled(layers.Concatenate(axis=axis)([left, right]), maps, side)
    x = layers.GlobalAveragePooling2D()(conv(x, 1024))
    return keras.Model(given, layers.Dense(1000)(x))


def folded(model, keras):
    """The network with biases in place of its normalisations, which Keras' export leaves beside the convolutions."""

    class Same(keras.layers.Layer):
        def call(self, inputs, training=None, mask=None):
            return inputs

    def without(layer):
        config = layer.get_config()
        if isinstance(layer, keras.layers.BatchNormalization):
            return Same(name=layer.name)
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            config["use_bias"] = True
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=without)


def write_onnx(model, file: Path) -> None:
    """In int8 with scales per channel, calibrated on 8 random images."""
    import tempfile

    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Images(CalibrationDataReader):
        def __init__(self, name: str):
            self._left = iter([{name: image(first=True)} for _ in range(8)])

        def get_next(self):
            return next(self._left, None)

    with tempfile.TemporaryDirectory() as folder:
        plain, prepared = str(Path(folder) / "plain.onnx"), str(Path(folder) / "prepared.onnx")
        model(image(first=True))  # Keras exports what has been called
        model.export(plain, format="onnx", verbose=False)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        import onnx

        name = onnx.load(prepared).graph.input[0].name
        quantize_static(
            prepared,
            str(file),
            Images(name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


if __name__ == "__main__":
    main()

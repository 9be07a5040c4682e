"""Times the LiteRT delegate against LCE's interpreter and against float and int8 networks, and draws its roofline.

    python -m benchmarks.delegate [--models FOLDER] [--networks NAME ...] [--rounds N]

Run it from the repository, with larq_focal[tensorflow] installed (conversion takes TensorFlow) and a C++ compiler for
the roofline. Prints Markdown tables. All engines take turns in one process, so that whatever else the machine does
hits them alike; of each, the fastest and the median round are shown, and how many times LCE's best time is the
delegate's (the median of the ratios within rounds).
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate

from larq_focal import delegate
from larq_focal.deploy.lce_extension import lce_extension
from larq_focal.deploy.machine import describe_machine
from larq_focal.network.packing import pack_bits
from tests.support.lce_file import LceFile

NETWORKS = (
    "QuickNetSmall",
    "QuickNet",
    "QuickNetLarge",
    "BiRealNet",
    "RealToBinaryNet",
    "BinaryDenseNet28",
    "MeliusNet22",
)
LAYERS = ((56, 32), (56, 64), (28, 64), (28, 128), (14, 256), (7, 512))  # pixels along a side, channels
IMAGE = (1, 224, 224, 3)
BEST_LCE = "LCE indirect"
Run = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("results/delegate_models"), help="where models are kept")
    parser.add_argument("--networks", nargs="*", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--convert", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.convert:
        convert(arguments.convert, arguments.models)
        return
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}\n")
    print_roofline(arguments.rounds)
    print_networks(arguments.networks, arguments.models, arguments.rounds)


# Networks


def print_networks(networks: tuple[str, ...], folder: Path, rounds: int) -> None:
    print(f"Milliseconds per image of 224 by 224, batch 1, fastest / median of {rounds} rounds\n")
    rows = []
    for name in networks:
        rows.append((name, times(engines(models(name, folder)), rounds)))
    mobile = {"MobileNetV2 int8": litert(models("MobileNetV2", folder)["int8"])}
    columns = list(rows[0][1])
    first, second, *_ = [column for column in columns if column.startswith("delegate")]
    print(f"| network | {' | '.join(columns)} | {BEST_LCE} / {first} | {BEST_LCE} / {second} |")
    print("| --- " * (len(columns) + 3) + "|")
    for name, taken in rows:
        ratios = [np.median(taken[BEST_LCE] / taken[column]) for column in (first, second)]
        cells = [f"{taken[column].min():.2f} / {np.median(taken[column]):.2f}" for column in columns]
        print(f"| {name} | {' | '.join(cells)} | {' | '.join(f'{ratio:.1f}' for ratio in ratios)} |")
    taken = times(mobile, rounds)["MobileNetV2 int8"]
    print(f"\nMobileNetV2, int8 with XNNPACK: {taken.min():.2f} / {np.median(taken):.2f}")


def engines(files: dict[str, Path]) -> dict[str, Run]:
    """What takes turns on a network, by the heading of its column."""
    binary = files["lce"].read_bytes()
    runs = {f"delegate {kernel}": litert(files["lce"], kernel=kernel) for kernel in vector_kernels()}
    runs[f"delegate {delegate.kernels()[0]}, 2 threads"] = litert(files["lce"], 2, kernel=delegate.kernels()[0])
    runs[BEST_LCE] = lce(binary, use_indirect_bgemm=True)
    runs["LCE indirect, XNNPACK"] = lce(binary, use_indirect_bgemm=True, use_xnnpack=True)
    runs["LCE default"] = lce(binary)
    runs["float, XNNPACK"] = litert(files["float"])
    return runs


def vector_kernels() -> list[str]:
    return [kernel for kernel in delegate.kernels() if kernel not in ("portable", "reference")]


def litert(file: Path, threads: int = 1, **options: str) -> Run:
    delegates = [load_delegate(str(delegate.library_path()), options)] if options else []
    return _litert(Interpreter(str(file), experimental_delegates=delegates, num_threads=threads), delegates)


def _litert(interpreter: Interpreter, delegates: list) -> Run:
    interpreter.allocate_tensors()
    (details,) = interpreter.get_input_details()
    random = np.random.default_rng(0)
    if details["dtype"] == np.float32:
        values = random.normal(size=details["shape"]).astype(np.float32)
    else:
        limits = np.iinfo(details["dtype"])
        values = random.integers(limits.min, limits.max, details["shape"], details["dtype"], endpoint=True)
    interpreter.set_tensor(details["index"], values)
    interpreter.kept_delegates = delegates  # an interpreter does not keep them itself
    return interpreter.invoke


def lce(content: bytes, *, use_indirect_bgemm: bool = False, use_xnnpack: bool = False) -> Run:
    wrapper = lce_extension("tflite.python.interpreter_wrapper_lite")
    interpreter = wrapper.LiteInterpreter(content, 1, False, use_indirect_bgemm, use_xnnpack)
    image = [np.random.default_rng(0).normal(size=IMAGE).astype(np.float32)]
    return lambda: interpreter.predict(image)


def times(runs: dict[str, Run], rounds: int) -> dict[str, np.ndarray]:
    """Milliseconds of each run in each round; the faster ones run twice in a round, and the second time counts."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 2):
        for name, run in runs.items():
            run()  # caches and clock as when it runs alone
            start = perf_counter()
            run()
            taken[name].append(1000 * (perf_counter() - start))
    return {name: np.array(values[2:]) for name, values in taken.items()}


def models(name: str, folder: Path) -> dict[str, Path]:
    """The files of a network, converted in a process of its own if they are not there."""
    kinds = ("int8",) if name == "MobileNetV2" else ("lce", "float")
    files = {kind: folder / f"{name}.{kind}.tflite" for kind in kinds}
    if not all(file.exists() for file in files.values()):
        command = [sys.executable, "-m", "benchmarks.delegate", "--models", str(folder), "--convert", name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return files


def convert(name: str, folder: Path) -> None:
    """Random weights: times do not depend on them."""
    import larq_compute_engine
    import larq_zoo

    from larq_focal.files import written_whole
    from larq_focal.keras import keras, tf

    folder.mkdir(parents=True, exist_ok=True)
    if name == "MobileNetV2":
        converter = tf.lite.TFLiteConverter.from_keras_model(keras.applications.MobileNetV2(weights=None))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        random = np.random.default_rng(0)
        converter.representative_dataset = lambda: ([random.normal(size=IMAGE).astype(np.float32)] for _ in range(8))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        contents = {"int8": converter.convert()}
    else:
        source = larq_zoo.sota if hasattr(larq_zoo.sota, name) else larq_zoo.literature
        model = getattr(source, name)(weights=None, input_shape=IMAGE[1:])
        contents = {
            "lce": larq_compute_engine.convert_keras_model(model),
            "float": tf.lite.TFLiteConverter.from_keras_model(model).convert(),
        }
    for kind, content in contents.items():
        with written_whole(folder / f"{name}.{kind}.tflite") as file:
            file.write(content)


# Roofline


def print_roofline(rounds: int) -> None:
    print("Roofline: 3x3 convolutions, 1e12 binary multiply-accumulates per second on one core, and their part of the")
    print("peak: the kernel's inner loop (AVX-512: xor, popcount, add; AVX2: table lookup, add) on registers alone\n")
    kernels = vector_kernels()
    print(f"| image, channels | {' | '.join(f'{kernel} | of peak' for kernel in kernels)} |")
    print("| --- " * (2 * len(kernels) + 1) + "|")
    with tempfile.TemporaryDirectory() as folder:
        peaks = peak_library(Path(folder))
        for side, channels in LAYERS:
            cells = []
            for kernel in kernels:
                rate, peak = layer_rate(side, channels, kernel, getattr(peaks, f"peak_{kernel}"), rounds)
                cells.append(f"{rate / 1e12:.2f} | {100 * rate / peak:.0f} %")
            print(f"| {side}x{side}, {channels} | {' | '.join(cells)} |")
    print()


def peak_library(folder: Path) -> ctypes.CDLL:
    source, library = Path(__file__).with_name("popcount_peak.cc"), folder / "popcount_peak.so"
    subprocess.run(["c++", "-std=c++17", "-O2", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))
    for kernel in vector_kernels():
        getattr(loaded, f"peak_{kernel}").restype = ctypes.c_double
    return loaded


def layer_rate(side: int, channels: int, kernel: str, peak: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Binary multiply-accumulates per second of a layer, LiteRT's call included, and of the peak loop beside it."""
    rng = np.random.default_rng(0)
    file = LceFile()
    words = file.input((1, side, side, channels // 32), np.int32)
    filters = pack_bits(rng.choice([-1.0, 1.0], (channels, 3, 3, channels)))
    numbers = [file.constant(rng.normal(size=channels).astype(np.float32)) for _ in range(2)]
    options = {
        "channels_in": channels,
        "dilation_height_factor": 1,
        "dilation_width_factor": 1,
        "fused_activation_function": 1,
        "pad_values": 1,
        "padding": 0,
        "stride_height": 1,
        "stride_width": 1,
    }
    inputs = [words, file.constant(filters), *numbers, -1]
    output = file.custom("LceBconv2d", inputs, (1, side, side, channels), np.float32, options)
    delegates = [load_delegate(str(delegate.library_path()), {"kernel": kernel})]
    run = _litert(Interpreter(model_content=file.finished(output), experimental_delegates=delegates), delegates)
    best_ms, best_peak = np.inf, 0.0
    for _ in range(rounds):
        best_peak = max(best_peak, peak())
        best_ms = min(best_ms, times({"layer": run}, 5)["layer"].min())
    return side**2 * 9 * channels**2 / best_ms * 1000, best_peak


if __name__ == "__main__":
    main()

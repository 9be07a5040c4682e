"""Times the LiteRT delegate against LCE's interpreter and against float and int8 networks, and draws its roofline.

    python -m benchmarks.delegate [--models FOLDER] [--networks NAME ...] [--rounds N] [--record FILE.json]

Run it from the repository, with larq_focal[larq] installed (conversion takes TensorFlow) and a C++ compiler for
the roofline. Prints Markdown tables. All engines take turns in one process, so that whatever else the machine does
hits them alike. With one thread, times are those of the processor, which a busy machine lengthens little; with two, of
the clock. Shown are the fastest and the median round, and how many times the fastest round of LCE's best mode is the
delegate's. --record keeps every round, with the machine and the versions.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, thread_time

import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate

from larq_focal import delegate
from larq_focal.deploy.lce_extension import lce_extension
from larq_focal.deploy.machine import describe_machine
from larq_focal.files import write_text
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
WARM_UP_S = 0.01
Run = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("results/delegate_models"), help="where models are kept")
    parser.add_argument("--networks", nargs="*", default=NETWORKS, choices=NETWORKS)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--record", type=Path, help="JSON file for the times of all rounds")
    parser.add_argument("--convert", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.convert:
        convert(arguments.convert, arguments.models)
        return
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}\n")
    record = {
        "machine": machine,
        "versions": {name: version(name) for name in ("larq_focal", "ai-edge-litert", "larq-compute-engine")},
        "load_before": os.getloadavg(),
        "roofline": print_roofline(arguments.rounds),
    }
    for threads in (1, 2):
        record[f"{threads} threads, ms"] = print_networks(
            arguments.networks, arguments.models, arguments.rounds, threads
        )
    record["load_after"] = os.getloadavg()
    if arguments.record:
        write_text(arguments.record, json.dumps(record, indent=1) + "\n")


# Networks


def print_networks(networks: tuple[str, ...], folder: Path, rounds: int, threads: int) -> dict[str, dict[str, list]]:
    """Returns the milliseconds of all rounds, by network and engine."""
    clock = thread_time if threads == 1 else perf_counter
    print(f"Milliseconds per image of 224 by 224, batch 1, {threads} thread(s), fastest / median of {rounds} rounds\n")
    best = [f"best LCE / {column}" for column in delegate_columns(threads)]
    taken = {}
    for name in networks:
        taken[name] = times(engines(models(name, folder), threads), rounds, clock)
        if name == networks[0]:
            print(f"| network | {' | '.join([*taken[name], *best])} |")
            print("| --- " * (len(taken[name]) + len(best) + 1) + "|")
        fastest = {column: values.min() for column, values in taken[name].items()}
        best_lce = min(value for column, value in fastest.items() if column.startswith("LCE"))
        ratios = [f"{best_lce / fastest[column]:.1f}" for column in delegate_columns(threads)]
        cells = [f"{values.min():.2f} / {np.median(values):.2f}" for values in taken[name].values()]
        print(f"| {name} | {' | '.join([*cells, *ratios])} |", flush=True)
    mobile = times({"int8": litert(models("MobileNetV2", folder)["int8"], threads)}, rounds, clock)
    print(f"\nMobileNetV2, int8 with XNNPACK: {mobile['int8'].min():.2f} / {np.median(mobile['int8']):.2f}\n")
    return {
        name: {column: values.tolist() for column, values in columns.items()}
        for name, columns in {**taken, "MobileNetV2": mobile}.items()
    }


def delegate_columns(threads: int) -> list[str]:
    kernels = vector_kernels() if threads == 1 else vector_kernels()[:1]
    return [f"delegate {kernel}" for kernel in kernels]


def engines(files: dict[str, Path], threads: int) -> dict[str, Run]:
    """What takes turns on a network, by the heading of its column."""
    binary = files["lce"].read_bytes()
    runs = {
        column: litert(files["lce"], threads, kernel=column.removeprefix("delegate "))
        for column in delegate_columns(threads)
    }
    runs["LCE indirect"] = lce(binary, threads, use_indirect_bgemm=True)
    runs["LCE indirect, XNNPACK"] = lce(binary, threads, use_indirect_bgemm=True, use_xnnpack=True)
    runs["LCE default"] = lce(binary, threads)
    runs["float, XNNPACK"] = litert(files["float"], threads)
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


def lce(content: bytes, threads: int, *, use_indirect_bgemm: bool = False, use_xnnpack: bool = False) -> Run:
    wrapper = lce_extension("tflite.python.interpreter_wrapper_lite")
    interpreter = wrapper.LiteInterpreter(content, threads, False, use_indirect_bgemm, use_xnnpack)
    image = [np.random.default_rng(0).normal(size=IMAGE).astype(np.float32)]
    return lambda: interpreter.predict(image)


def times(runs: dict[str, Run], rounds: int, clock: Callable[[], float]) -> dict[str, np.ndarray]:
    """Milliseconds of each run in each round."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            warm_until = thread_time() + WARM_UP_S
            while thread_time() < warm_until:
                run()  # caches as when it runs alone
            start = clock()
            run()
            taken[name].append(1000 * (clock() - start))
    return {name: np.array(values) for name, values in taken.items()}


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


def print_roofline(rounds: int) -> list[dict[str, float | int | str | None]]:
    print("Roofline: 3x3 convolutions, 1e12 binary multiply-accumulates per second on one core, and their part of the")
    print("peak: the kernel's inner loop (AVX-512: xor, popcount, add; AVX2: table lookup, add) on registers alone\n")
    kernels = vector_kernels()
    print(f"| image, channels | {' | '.join(f'{kernel} | of peak' for kernel in kernels)} |")
    print("| --- " * (2 * len(kernels) + 1) + "|")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        peaks = peak_loops(Path(folder))
        for side, channels in LAYERS:
            cells = []
            for kernel in kernels:
                rate, peak = layer_rate(side, channels, kernel, peaks.get(kernel), rounds)
                cells.append(f"{rate / 1e12:.2f} | {f'{100 * rate / peak:.0f} %' if peak else '-'}")
                rows.append({"side": side, "channels": channels, "kernel": kernel, "rate": rate, "peak": peak})
            print(f"| {side}x{side}, {channels} | {' | '.join(cells)} |", flush=True)
    print()
    return rows


def peak_loops(folder: Path) -> dict[str, Callable[[], float]]:
    """The loops of popcount_peak.cc by the kernels that they are for; it may have none for a new kernel."""
    source, library = Path(__file__).with_name("popcount_peak.cc"), folder / "popcount_peak.so"
    subprocess.run(["c++", "-std=c++17", "-O2", "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))
    loops = {kernel: getattr(loaded, f"peak_{kernel}", None) for kernel in vector_kernels()}
    loops = {kernel: loop for kernel, loop in loops.items() if loop is not None}
    for loop in loops.values():
        loop.restype = ctypes.c_double
    return loops


def layer_rate(
    side: int, channels: int, kernel: str, peak: Callable[[], float] | None, rounds: int
) -> tuple[float, float | None]:
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
        best_peak = max(best_peak, peak()) if peak else None
        best_ms = min(best_ms, times({"layer": run}, 5, thread_time)["layer"].min())
    return side**2 * 9 * channels**2 / best_ms * 1000, best_peak


if __name__ == "__main__":
    main()

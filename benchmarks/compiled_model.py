"""Times LiteRT's CompiledModel with the delegate against LiteRT's interpreter with it.

    python -m benchmarks.compiled_model [--networks NAME ...] [--models FOLDER] [--rounds N] [--record FILE.json]

Run it from the repository, with larq_focal[larq] installed for QuickNet, which is converted first. Both engines run the
same file in one process and take turns, calls to Python included; outputs are compared bit for bit. Prints a Markdown
table: microseconds of an inference at batch 1, a tenth of the rounds lying below, and the quotient in the median
round. --record keeps every round, with the machine and the versions.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.delegate import NETWORKS as LARGE
from benchmarks.delegate import models
from larq_focal import Runtime
from larq_focal.deploy.machine import describe_machine
from larq_focal.files import write_text

ZOO = Path("tflite_models")
NETWORKS = (
    "mcu_images-cifar10",
    "two_layer_ste_sign-mnist",
    "two_layer_lab-mnist",
    "lenet_sign-mnist",
    "small_residual_react-cifar10",
    "QuickNetSmall",
    "QuickNet",
)
SECONDS = 0.002
"""How long each engine runs in a round, or once."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="*", default=NETWORKS)
    parser.add_argument("--models", type=Path, default=Path("results/delegate_models"), help="where models are kept")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--record", type=Path, help="JSON file for the times of all rounds")
    arguments = parser.parse_args()
    machine, load = describe_machine(), os.getloadavg()
    print(f"{machine['cpu']}, {machine['cores']} cores, load {load[0]:.1f}\n")
    print("| network | threads | interpreter, us | CompiledModel, us | CompiledModel / interpreter |")
    print("| --- " * 5 + "|")
    rounds_us = {}
    for name in arguments.networks:
        path = models(name, arguments.models)["lce"] if name in LARGE else ZOO / f"{name}.tflite"
        for threads in (1, 2):
            taken = rounds_us[f"{name}, {threads} threads"] = compared(path, threads, arguments.rounds)
            low = [np.quantile(times, 0.1) for times in taken]
            ratio = np.median(np.divide(taken[1], taken[0]))
            print(f"| {name} | {threads} | {low[0]:.1f} | {low[1]:.1f} | {ratio:.2f} |", flush=True)
    if arguments.record:
        record = {
            "machine": machine,
            "load_before": load,
            "load_after": os.getloadavg(),
            "versions": {package: version(package) for package in ("larq_focal", "ai-edge-litert")},
            "microseconds, interpreter and CompiledModel": rounds_us,
        }
        write_text(arguments.record, json.dumps(record, indent=1) + "\n")


def compared(path: Path, threads: int, rounds: int) -> list[list[float]]:
    """Microseconds of an inference in each round, for the interpreter and for CompiledModel."""
    runtimes = [Runtime(path, threads=threads), Runtime(path, threads=threads, engine="compiled")]
    images = np.random.default_rng(0).normal(size=(3, *runtimes[0].input_shapes[0]))
    images = (images * (30 if runtimes[0].input_dtypes[0] == "int8" else 1)).astype(runtimes[0].input_dtypes[0])
    assert np.array_equal(*(runtime.run(images) for runtime in runtimes)), f"{path} gives other bits"
    runs = [runtime.prepare() for runtime in runtimes]
    counts = [max(1, round(SECONDS / min(seconds(run, 1) for _ in range(20)))) for run in runs]
    taken: list[list[float]] = [[], []]
    for number in range(rounds):
        for index in (0, 1) if number % 2 else (1, 0):
            runs[index]()  # caches as when it runs alone
            taken[index].append(1e6 * seconds(runs[index], counts[index]))
    return taken


def seconds(run: Callable[[], object], count: int) -> float:
    start = perf_counter()
    for _ in range(count):
        run()
    return (perf_counter() - start) / count


if __name__ == "__main__":
    main()

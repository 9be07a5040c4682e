"""Times networks in C, for the target host, in turn with the delegate's in LiteRT, on one core of this machine.

    python -m benchmarks.mcu_host [--rounds 400] [--only TEXT] [--options="..."] [--kernel NAME]

Run it from the repository with larq_focal[device,test] and a C compiler. The outputs of both must be equal. Prints the
size of the whole program, and for C by ``-O3 -march=native`` and for the delegate the time that a tenth of the rounds
stay below, with their ratio: both take turns in one process, so whatever else the machine does hits them alike.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.delegate import litert
from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.measuring import Call, measure
from larq_focal.deploy.runtime import Runtime
from larq_focal.mcu.export import CExport, export_c
from larq_focal.mcu.host import STRICT, compiler
from larq_focal.network import QuantGraph, write_tflite
from tests.mcu.networks import Chain

_QUANTILE = 0.1
_LAYERS = ((56, 32), (28, 64), (28, 128), (14, 256))
"""Pixels along a side, and channels."""


def networks() -> list[QuantGraph]:
    """Networks of four layers of signs each, then a network for MNIST and one for CIFAR-10, on signs of pixels."""
    small = Chain("28x28, 5x5, 20 and 50 channels, dense 500", (28, 28, 1)).sign("s", 127.5)
    small.conv("c", 20, size=(5, 5)).sign("s1").pool("p").conv("c1", 50, size=(5, 5)).sign("s2").pool("p1").flat()
    small.dense("d", 500).sign("s3").dense("d1", 10)
    colour = Chain("32x32, 5x5, 32, 32 and 64 channels", (32, 32, 3)).sign("s", 127.5)
    for number, channels in enumerate((32, 32, 64)):
        colour.conv(f"c{number}", channels, size=(5, 5), padding="same", pad_value=1.0).sign(f"t{number}")
        colour.pool(f"p{number}")
    colour.flat().dense("d", 10)
    return [*(layers(*each).graph() for each in _LAYERS), small.graph(), colour.graph()]


def layers(side: int, channels: int) -> Chain:
    """One convolution of the signs of pixels, four of 3x3 from so many channels to as many, and ten outputs."""
    chain = Chain(f"4 x 3x3, {channels} to {channels} channels, {side}x{side}", (side, side, 1)).sign("s", 127.5)
    chain.conv("first", channels, size=(1, 1)).sign("s0")
    for number in range(1, 5):
        chain.conv(f"c{number}", channels, padding="same", pad_value=1.0).sign(f"s{number}")
    return chain.conv("last", 10, size=(1, 1), strides=(side // 2, side // 2)).flat().dense("d", 10, codes=(-1, 0, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=400, help="in which each runs once")
    parser.add_argument("--only", default="", help="networks with this in their names")
    parser.add_argument("--options", default="-O3 -march=native", help="of the compiler, in one word")
    parser.add_argument("--kernel", help="of the delegate; by default the best for this processor")
    arguments = parser.parse_args()
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['features']}, {machine['system']}\n")
    print("| network | program, bytes | C, us | delegate, us | C / delegate |\n| --- | ---: | ---: | ---: | ---: |")
    for graph in networks():
        if arguments.only in graph.name:
            print(row(graph, arguments.rounds, arguments.options.split(), arguments.kernel), flush=True)


def row(graph: QuantGraph, rounds: int, options: Sequence[str], kernel: str | None) -> str:
    with tempfile.TemporaryDirectory() as folder:
        written = export_c(graph, Path(folder) / "c", target="host")
        network, main = written.folder / "network.c", written.folder / "main.c"
        whole = built([*options, "-s"], [main, network], Path(folder) / "whole")
        library = built([*options, "-shared", "-fPIC"], [network], Path(folder) / "library.so")
        file = Path(folder) / "network.tflite"
        file.write_bytes(write_tflite(graph))
        (image,) = graph.inputs
        pixels = np.random.default_rng(0).integers(0, 256, (1, *image.shape), np.uint8)
        runtime = Runtime(file, threads=1)
        c, output = call(written, library, pixels)
        c()
        np.testing.assert_array_equal(output.reshape(-1), runtime.run(pixels).reshape(-1))
        delegate = runtime.prepare() if kernel is None else litert(file, kernel=kernel)
        times_us = 1e3 * measure([c, delegate], rounds, None, 1.0).times_ms
        ours, theirs = np.quantile(times_us, _QUANTILE, axis=1)
        return f"| {graph.name} | {whole.stat().st_size:,} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |"


def built(options: Sequence[str], sources: Sequence[Path], made: Path) -> Path:
    subprocess.run([compiler(), *STRICT, *options, "-o", made, *sources], check=True)
    return made


def call(written: CExport, library: Path, pixels: np.ndarray) -> tuple[Call, np.ndarray]:
    """A run of the program on these pixels, and the array that it writes its output to."""
    (output,) = written.program.outputs
    made = np.empty(output.value.shape, output.dtype)
    context = np.empty(written.cost.ram_bytes, np.uint8)
    arguments = [ctypes.c_void_p(array.ctypes.data) for array in (context, pixels, made)]
    run = ctypes.CDLL(str(library)).network_run
    run.restype = None
    kept = (context, pixels, made)
    return lambda: (run(*arguments), kept), made


if __name__ == "__main__":
    main()

"""Times networks in C, for the target host, beside the delegate's in LiteRT, on one core of this machine.

    python -m benchmarks.mcu_host [--runs 2000]

Run it from the repository with larq_focal[device,test] and a C compiler. Prints the size of the whole program, the time
of a run in C by ``gcc -O3 -march=native``, the least of several measurements, and the least of the delegate's.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.timing import time as time_file
from larq_focal.mcu.export import export_c
from larq_focal.mcu.host import STRICT, HostProgram
from larq_focal.network import QuantGraph, write_tflite
from tests.mcu.networks import Chain

_MEASUREMENTS = 5


def networks() -> list[QuantGraph]:
    """A network for MNIST and one for CIFAR-10, on signs of pixels, and one wide layer."""
    small = Chain("28x28, 5x5, 20 and 50 channels, dense 500", (28, 28, 1)).sign("s", 127.5)
    small.conv("c", 20, size=(5, 5)).sign("s1").pool("p").conv("c1", 50, size=(5, 5)).sign("s2").pool("p1").flat()
    small.dense("d", 500).sign("s3").dense("d1", 10)
    colour = Chain("32x32, 5x5, 32, 32 and 64 channels", (32, 32, 3)).sign("s", 127.5)
    for number, channels in enumerate((32, 32, 64)):
        colour.conv(f"c{number}", channels, size=(5, 5), padding="same", pad_value=1.0).sign(f"t{number}")
        colour.pool(f"p{number}")
    colour.flat().dense("d", 10)
    wide = Chain("28x28, 3x3, 128 to 128 channels", (28, 28, 128)).sign("s", 127.5)
    wide.conv("c", 128, padding="same", pad_value=1.0).sign("s1").flat().dense("d", 10)
    return [chain.graph() for chain in (small, colour, wide)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000, help="of a network in a measurement")
    arguments = parser.parse_args()
    machine = describe_machine()
    print(f"{machine}\n\n| network | program, bytes | C, ms | delegate, ms |\n| --- | ---: | ---: | ---: |")
    for graph in networks():
        print(row(graph, arguments.runs), flush=True)


def row(graph: QuantGraph, runs: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        written = export_c(graph, Path(folder) / "c", target="host")
        options = (*STRICT, "-O3", "-march=native", "-s")
        executable = HostProgram([written.folder], [written.program], ["network"], Path(folder), options)
        random = np.random.default_rng(0)
        samples = {op.name: random.integers(0, 256, (runs, *op.shape)).astype(np.uint8) for op in graph.inputs}
        few = {name: array[:1] for name, array in samples.items()}
        elapsed = [seconds(executable, samples) - seconds(executable, few) for _ in range(_MEASUREMENTS)]
        size = (Path(folder) / "networks").stat().st_size
        file = Path(folder) / "network.tflite"
        file.write_bytes(write_tflite(graph))
        delegate = time_file(file, threads=1).min_ms
    return f"| {graph.name} | {size:,} | {min(elapsed) * 1000 / (runs - 1):.4f} | {delegate:.4f} |"


def seconds(executable: HostProgram, samples: dict[str, np.ndarray]) -> float:
    start = time.perf_counter()
    executable.run(0, samples)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

"""Times networks in C, for the target host, beside the delegate's in LiteRT, on one core of this machine.

    python -m benchmarks.mcu_host [--runs 2000]

Run it from the repository with larq_focal[device,test] and a C compiler. Prints the size of the whole program, the time
of a run in C by ``-O3 -march=native``, the least of several measurements, and the least of the delegate's.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from larq_focal.deploy.machine import describe_machine
from larq_focal.deploy.timing import time as time_file
from larq_focal.mcu.export import export_c
from larq_focal.mcu.host import STRICT, compiler
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
        (image,), (output,) = written.program.inputs, written.program.outputs
        main_file, executable = Path(folder) / "time.c", Path(folder) / "time"
        sizes = {"pixels": image.bytes, "type": output.c_type, "outputs": output.value.elements}
        main_file.write_text(_MAIN % {**sizes, "runs": runs, "measurements": _MEASUREMENTS})
        options = (*STRICT, "-O3", "-march=native", "-s", f"-I{written.folder}")
        sources = [main_file, written.folder / "network.c"]
        subprocess.run([compiler(), *options, "-o", executable, *sources], check=True)
        ours = float(subprocess.run([executable], capture_output=True, text=True, check=True).stdout)
        file = Path(folder) / "network.tflite"
        file.write_bytes(write_tflite(graph))
        delegate = time_file(file, threads=1).min_ms
        return f"| {graph.name} | {executable.stat().st_size:,} | {ours:.4f} | {delegate:.4f} |"


_MAIN = """\
#include <stdio.h>
#include <time.h>
#include "network.h"
static network_context context;
static uint8_t image[%(pixels)d];
static %(type)s output[%(outputs)d];
int main(void)
{
    double least = 1e9;
    unsigned i;
    int k, n;
    for (i = 0; i < sizeof image; ++i) {
        image[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    for (k = 0; k < %(measurements)d; ++k) {
        const clock_t start = clock();
        double each;
        for (n = 0; n < %(runs)d; ++n) {
            network_run(&context, image, output);
        }
        each = 1000.0 * (double)(clock() - start) / CLOCKS_PER_SEC / %(runs)d;
        least = each < least ? each : least;
    }
    printf("%%f\\n", least);
    return 0;
}
"""


if __name__ == "__main__":
    main()

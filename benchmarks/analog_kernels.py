"""Instruction words of compiled convolution kernels, beside those of the best published compiler.

Run ``python benchmarks/analog_kernels.py``; it needs nothing but the package. Each program is also run on one bright
pixel in the simulator, and its answer compared with the kernel. ``--nodes`` bounds the search.
"""

from __future__ import annotations

import time
from dataclasses import replace

import click
import numpy as np

from larq_focal.deploy.machine import describe_machine
from larq_focal.focal_plane import load_sensor
from larq_focal.focal_plane.analog import CompiledKernels, compile_kernels
from larq_focal.focal_plane.analog.published_kernels import PUBLISHED_KERNELS
from larq_focal.focal_plane.machine import Simulator

SIDE = 21


def impulse_response(compiled: CompiledKernels, amplitude: int) -> dict[str, np.ndarray]:
    """What each kernel's register holds after one pixel of ``amplitude`` amid ``SIDE`` x ``SIDE`` dark ones."""
    simulator = Simulator(replace(load_sensor("scamp5"), height=SIDE, width=SIDE))
    simulator.array.analog[compiled.input_register][SIDE // 2, SIDE // 2] = amplitude
    simulator.run(compiled.program)
    return {name: simulator.read(register) for name, register in compiled.results.items()}


def expected_response(kernel: np.ndarray, amplitude: int) -> np.ndarray:
    """The kernel, turned by half a turn, about the middle; for kernels of odd sizes."""
    response = np.zeros((SIDE, SIDE))
    top, left = (SIDE // 2 - size // 2 for size in kernel.shape)
    response[top : top + kernel.shape[0], left : left + kernel.shape[1]] = amplitude * kernel[::-1, ::-1]
    return response


def largest_amplitude(compiled: CompiledKernels) -> int:
    """The brightest pixel whose response neither rounds nor saturates."""
    step = 1 << compiled.halvings
    return int(127 / compiled.largest_weight) // step * step


@click.command()
@click.option("--nodes", default=5000, show_default=True, help="States that the search may expand for each row.")
@click.option("--seconds", default=600.0, show_default=True, help="Time limit for each row.")
@click.option("--seed", default=0, show_default=True)
def main(nodes: int, seconds: float, seed: int) -> None:
    """Compiles every published set of kernels, and prints a table."""
    machine = describe_machine()
    print(f"{machine['cpu']}, Python {machine['python']}; {nodes} states, seed {seed}\n")
    print("| kernels | division | words | published | instructions | impulse response | CPU time |")
    print("| --- | --- | ---: | ---: | ---: | --- | ---: |")
    for published in PUBLISHED_KERNELS:
        started = time.process_time()
        compiled = compile_kernels(
            *(published.kernels, load_sensor("scamp5")),
            division=published.division,
            most_nodes=nodes,
            time_limit_s=seconds,
            seed=seed,
        )
        elapsed = time.process_time() - started
        amplitude = largest_amplitude(compiled)
        responses = impulse_response(compiled, amplitude)
        is_exact = all(
            np.array_equal(responses[name], expected_response(kernel, amplitude))
            for name, kernel in published.kernels.items()
        )
        row = (published.name, published.division, compiled.icw, published.icw, len(compiled.instructions))
        answer = f"{'exact' if is_exact else 'WRONG'} at {amplitude}"
        print("|", " | ".join(map(str, (*row, answer, f"{elapsed:.1f} s"))), "|", flush=True)


if __name__ == "__main__":
    main()

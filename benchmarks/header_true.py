"""Runs drawn networks on a machine that follows the maker's headers alone, for every sensor; prints what disagrees.

    python -m benchmarks.header_true [--count 200] [--start 0] [--tiled-every 10]

Run it from the repository with larq_focal[test]. Each network is compiled, and its program run by
``tests/support/header_machine.py``, whose columns count from the right and which makes up at random what a program
cannot rely on; every pixel must be what the interpreter gives.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace

from larq_focal.focal_plane import sensor_names
from larq_focal.focal_plane.compiler import Compiled, RegisterError, StoreError, UnsupportedError, compile_network
from tests.focal_plane.compiler.random_layers import drawn, images, network, small
from tests.focal_plane.device.header_true import assert_equals_interpreter

_RECOUNTED = {"scamp5_programmer": "scamp5"}  # one chip, whose registers are counted in two ways


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="of networks")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--tiled-every", type=int, default=10, help="of how many networks one lies in tiles if it can")
    arguments = parser.parse_args()
    counts, start = Counter(), time.perf_counter()
    for seed in range(arguments.start, arguments.start + arguments.count):
        graph = network(drawn(seed))
        placement = "interleaved" if seed % arguments.tiled_every else "auto"
        programs: dict[str, Compiled] = {}
        for sensor in sensor_names():
            try:
                if _RECOUNTED.get(sensor) in programs:
                    twin = programs[_RECOUNTED[sensor]]
                    compiled = replace(twin, array=replace(twin.array, sensor=small(sensor)))
                else:
                    compiled = programs[sensor] = compile_network(graph, small(sensor), placement=placement)
            except (RegisterError, StoreError, UnsupportedError) as error:
                counts[sensor, type(error).__name__] += 1
                continue
            try:
                assert_equals_interpreter(compiled, graph, images(graph, 1, seed), seed)
                counts[sensor, "equal"] += 1
            except AssertionError:
                counts[sensor, "differs"] += 1
                print(f"seed {seed} differs on {sensor}", flush=True)
        if (seed + 1) % 10 == 0:
            print(f"{seed + 1} networks, {time.perf_counter() - start:.0f} s", flush=True)
    print("\n| sensor | outcome | networks |\n| --- | --- | ---: |")
    for (sensor, outcome), number in sorted(counts.items()):
        print(f"| {sensor} | {outcome} | {number} |")


if __name__ == "__main__":
    main()

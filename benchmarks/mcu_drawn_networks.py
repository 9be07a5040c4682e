"""Holds networks in C against the interpreter on networks drawn by Hypothesis.

    python -m benchmarks.mcu_drawn_networks [--count 1000] [--seed 0] [--targets TARGET ...]

Run it from the repository with larq_focal[test] and a C compiler. Networks with operations that have no C, or with a
softmax, which is left out, are not counted. A batch of a hundred is written for one target, the next for another: their
kernels are all C. Each is compiled with all warnings as errors and with the sanitizers for addresses and undefined
behaviour; all outputs must be equal to the bit.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from larq_focal.mcu.errors import CExportError, check_writable
from larq_focal.mcu.selection import TARGETS
from larq_focal.network import QuantGraph
from tests.mcu.written import assert_equal, written
from tests.support.drawn_networks import drawn_inputs, networks

_EACH = 100
"""Networks that are drawn with one seed and compiled together."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="of networks")
    parser.add_argument("--seed", type=int, default=0, help="of the first batch")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=TARGETS, help="in turn")
    arguments = parser.parse_args()
    done, number, start = 0, arguments.seed, time.perf_counter()
    while done < arguments.count:
        graphs = drawn(number)[: arguments.count - done]
        target = arguments.targets[number % len(arguments.targets)]
        check(graphs, target)
        done, number = done + len(graphs), number + 1
        print(f"{done} networks agree, the last for {target}, {time.perf_counter() - start:.0f} s", flush=True)


def drawn(number: int) -> list[QuantGraph]:
    """The networks drawn with a seed that can be written."""
    graphs: list[QuantGraph] = []

    @seed(number)
    @settings(max_examples=_EACH, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(networks())
    def draw(graph):
        try:
            check_writable(graph)
            graphs.append(graph)
        except CExportError:
            pass

    draw()
    return graphs


def check(graphs: list[QuantGraph], target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _, executable = written(graphs, Path(folder), target=target)
        for number, graph in enumerate(graphs):
            inputs = drawn_inputs(graph, 3)
            try:
                assert_equal(graph, executable.run(number, inputs), inputs)
            except Exception as error:
                listed = "\n".join(f"  {type(op).__name__} {vars(op)}" for op in graph)
                raise AssertionError(f"{error}\n{listed}\n  outputs {graph.outputs}") from error


if __name__ == "__main__":
    main()

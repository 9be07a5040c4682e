"""Holds written files against the interpreter on networks drawn by Hypothesis; prints the smallest that fails.

    python -m benchmarks.drawn_networks [--count 10000] [--seed 0] [--progress FILE]

Run it from the repository with larq_focal[test]. Each network is interpreted, lowered and interpreted again, written
with packed operators and run by the delegate, written without and run by LiteRT, and both files are read and
interpreted: all results must be equal, see ``tests/support/drawn_networks.py``. With ``--progress``, what agreed is
written to a file after every batch, and a later run goes on from there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from larq_focal.files import write_text
from larq_focal.network.tflite import write_tflite
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from tests.support.drawn_networks import drawn_inputs, networks
from tests.support.writer_contract import assert_written

_EACH = 200
"""Networks that are drawn with one seed."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="of networks")
    parser.add_argument("--seed", type=int, default=0, help="of the first batch")
    parser.add_argument("--progress", type=Path, help="a JSON file to go on from")
    arguments = parser.parse_args()
    done, holding, start = 0, Counter(), time.perf_counter()
    if arguments.progress and arguments.progress.exists():
        before = json.loads(arguments.progress.read_text())
        done, holding = before["done"], Counter(before["holding"])
    while done < arguments.count:
        count = min(_EACH, arguments.count - done)
        check(count, arguments.seed + done // _EACH, holding)
        done += count
        if arguments.progress:
            write_text(arguments.progress, json.dumps({"done": done, "holding": holding}))
        print(f"{done} networks agree, {time.perf_counter() - start:.0f} s", flush=True)
    print("\n| operator | networks with it |\n| --- | --- |")
    for kind, networks_with in holding.most_common():
        print(f"| {kind} | {networks_with} |")


def check(count: int, number: int, holding: Counter[str]) -> None:
    """Draws ``count`` networks with the seed ``number``, and counts in how many each operator occurs."""

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=True,
    )
    @given(networks())
    def agrees(graph):
        try:
            assert_written(graph, drawn_inputs(graph))
        except Exception as error:
            listed = "\n".join(f"  {type(op).__name__} {vars(op)}" for op in graph)
            raise AssertionError(f"{error}\n{listed}\n  outputs {graph.outputs}") from error
        holding.update(set(read_flatbuffer(write_tflite(graph)).operations))

    agrees()


if __name__ == "__main__":
    main()

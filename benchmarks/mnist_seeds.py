"""Runs the benchmark with several seeds and prints the table of docs/measured.md, with means over them.

    python -m benchmarks.mnist_seeds --data-dir DIR [--seeds N] [--epochs N]

Finished runs are kept in the results folder, and one that was interrupted goes on. Latencies and registers are those of
the first seed's files: they do not depend on the weights. `larq-focal retime` renews the latencies.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from benchmarks.quantizer_networks import use_one_core
from larq_focal.bench import run_bench
from larq_focal.report import markdown_table, read_records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with mnist.npz; by default through tensorflow-datasets")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 up")
    parser.add_argument("--epochs", type=int, help="by default those of the data set")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of all benchmarks")
    arguments = parser.parse_args()

    use_one_core()
    folders = []
    for seed in range(arguments.seeds):
        name = f"mnist_seed{seed}"
        run_bench(
            "mnist",
            data_dir=arguments.data_dir,
            epochs=arguments.epochs,
            seed=seed,
            results=arguments.results,
            name=name,
            resume=True,
        )
        folders.append(arguments.results / name)
    print(table([read_records(folder) for folder in folders]))


def table(seeds: list[list[dict]]) -> str:
    """The table of the first seed's records, with means and standard deviations of the accuracies over the seeds."""
    lines = markdown_table(seeds[0]).splitlines()
    by_run = [{record["run"]: record["accuracy"]["value"] for record in records} for records in seeds]
    place = next(index for index, cell in enumerate(_cells(lines[0])) if cell.startswith("accuracy"))
    body = []
    for line, record in zip(lines[2:], seeds[0], strict=True):
        cells, values = _cells(line), [found[record["run"]] for found in by_run]
        deviation = f" ± {statistics.stdev(values) * 100:.2f}" if len(values) > 1 else ""
        cells[place] = f"{statistics.mean(values):.2%}{deviation}"
        body.append(f"| {' | '.join(cells)} |")
    header = _cells(lines[0])
    header[place] = f"accuracy ({len(seeds)} seeds)"
    return "\n".join([f"| {' | '.join(header)} |", lines[1], *body])


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


if __name__ == "__main__":
    main()

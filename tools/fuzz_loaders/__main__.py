"""Altered files for everything that reads files, by seeds, in processes with limits of memory and time:

    python -m tools.fuzz_loaders --files 50000 --jobs 2 --results build/fuzz.json

Each file must be taken or refused with one clear error that names it; anything else is a fault. Called again, it goes
on where it stopped, up to the number of files; faults are printed with the seed that makes the file again:

    python -m tools.fuzz_loaders --make hdf5 123 out.h5
"""

from __future__ import annotations

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from tools.fuzz_loaders.loaders import LOADERS, files_of_each
from tools.fuzz_loaders.runs import Figures, load_figures, run_batch, save_figures, table

_BATCH = 2000


@click.command()
@click.option("--files", default=50_000, show_default=True, help="In all, those of earlier calls included.")
@click.option("--jobs", default=2, show_default=True, help="Processes at the same time.")
@click.option("--only", help="Kinds of files, with commas between.")
@click.option(
    "--results", type=click.Path(path_type=Path, dir_okay=False), default="build/fuzz.json", show_default=True
)
@click.option("--make", type=(click.Choice(sorted(LOADERS)), int, click.Path(path_type=Path)), help="Only make a file.")
def main(files: int, jobs: int, only: str | None, results: Path, make: tuple[str, int, Path] | None) -> None:
    """Read altered files of all kinds, and count what comes of them."""
    if make:
        name, seed, path = make
        path.write_bytes(LOADERS[name].alter(random.Random(f"{name} {seed}"), path.with_name("code_was_run")))
        return
    names = only.split(",") if only else list(LOADERS)
    figures = load_figures(results)
    started = time.monotonic()

    def run(work: tuple[str, int, int]) -> None:
        name, first, count = work
        found = figures.setdefault(name, Figures())
        for seed, outcome, detail in run_batch(name, first, count):
            found.add(seed, outcome, detail)
        save_figures(results, figures)
        click.echo(f"{time.monotonic() - started:6.0f} s  {name} {first:,} to {first + count - 1:,}", err=True)

    work = [
        (name, first, min(_BATCH, count - first))
        for name, count in files_of_each(files, names).items()
        for first in range(figures.get(name, Figures()).next_seed, count, _BATCH)
    ]
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run, sorted(work, key=lambda item: item[1])))
    click.echo(table(figures))
    for name, found in sorted(figures.items()):
        for fault, (seed, saying) in found.faults.items():
            click.echo(f"{name} {seed}: {fault} {saying}")
    sys.exit(any(found.fault_count for found in figures.values()))


if __name__ == "__main__":
    main()

"""Commands around run records: bench, retime, report."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import (
    DATASET_HELP,
    DatasetName,
    data_dir_option,
    engine_option,
    output_path,
    threads_option,
)
from larq_focal.cli.output import quiet, say, status_line
from larq_focal.datasets.rows import DEFAULT_DATASET
from larq_focal.mcu.emulator import DEFAULT_MICROCONTROLLER, MICROCONTROLLERS

INTERRUPTED = 130  # 128 + SIGINT, as shells report it


@click.command(short_help="Train, convert, check, time and judge small networks.")
@click.option(
    "--dataset",
    type=DatasetName(),
    default=DEFAULT_DATASET,
    show_default=True,
    help=DATASET_HELP,
)
@data_dir_option
@click.option("--models", help="Runs to make, with commas between; all of them by default.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the training images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
@click.option("--name", help="Folder under the results; the data set's name by default.")
@click.option(
    "--microcontroller", type=click.Choice(tuple(MICROCONTROLLERS)), default=DEFAULT_MICROCONTROLLER, show_default=True
)
@click.option("--clock-mhz", type=click.FloatRange(min=0, min_open=True), help="Of it, to estimate time there.")
@click.option("--power-mw", type=click.FloatRange(min=0, min_open=True), help="At that clock, to estimate energy.")
@click.option("--resume", is_flag=True, help="Go on with an earlier call, and keep what it has done.")
def bench(models: str | None, microcontroller: str, clock_mhz: float | None, power_mw: float | None, **options) -> None:
    """Train, convert, check, time and judge the two-layer networks, and write a report."""
    if power_mw is not None and clock_mhz is None:
        raise click.UsageError("--power-mw needs --clock-mhz.")
    chosen = [name.strip() for name in models.split(",")] if models else None
    try:
        with quiet(), status_line() as show_line:
            from larq_focal.bench import run_bench
            from larq_focal.mcu import Board

            run_bench(
                models=chosen,
                board=Board(microcontroller, clock_mhz and 1e6 * clock_mhz, power_mw=power_mw),
                say=say,
                epoch_done=lambda entry, row: show_line(
                    f"{entry.title}: epoch {row['epoch']}, loss {row['loss']:.3f}, validation {row['val_accuracy']:.1%}"
                ),
                **options,
            )
    except KeyboardInterrupt:
        click.echo(
            "\nInterrupted. Finished runs and whole epochs are kept; the same command with --resume goes on.", err=True
        )
        raise SystemExit(INTERRUPTED) from None


@click.command(short_help="Time the models of a benchmark again, on this machine.")
@click.argument("folder", type=click.Path(path_type=Path))
@threads_option
@engine_option
def retime(folder: Path, threads: int, engine: str) -> None:
    """Time the models in a results FOLDER again, on this machine, and renew its report."""
    from larq_focal.bench.timings import retime as retime_folder

    click.echo(retime_folder(folder, threads=threads, engine=engine, say=say))


@click.command(short_help="Write one HTML report of several benchmarks.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=output_path, default=Path("report.html"), show_default=True)
def report(folders: tuple[Path, ...], output: Path) -> None:
    """Write one HTML report of the runs in FOLDERS."""
    from larq_focal.report import read_records, write_report

    click.echo(write_report([record for folder in folders for record in read_records(folder)], output))

"""Commands on results: one row for a network, and whether results are what they say."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import DatasetName, data_dir_option, engine_option, json_option, threads_option
from larq_focal.cli.output import show, tell
from larq_focal.cli.progress import progress


@click.command(short_help="One row for a network: accuracy, percentiles, first inference, memory.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--baseline", type=click.Path(path_type=Path), help="A file or record that the others are compared with.")
@click.option("--dataset", type=DatasetName(), help="For the accuracy of .tflite files.")
@data_dir_option
@threads_option
@engine_option
@json_option
def card(paths: tuple[Path, ...], as_json: bool, **options) -> None:
    """Show a row for each of PATHS: .tflite files, which are timed here, run records, or folders of results."""
    from larq_focal.bench.score import scorecard

    tell("Reading, and timing what is a .tflite file ...")
    show(scorecard(paths, **options), as_json)


@click.command(short_help="Check results against their files, and merge machines into one leaderboard.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@data_dir_option
@click.option("--no-rerun", is_flag=True, help="Believe the accuracies: check records and hashes only.")
@json_option
def check(folders: tuple[Path, ...], data_dir: Path | None, no_rerun: bool, as_json: bool) -> None:
    """Check every run record in FOLDERS: whether it is complete, its file is there, and has this very accuracy.

    The exit status is 1 where something is wrong.
    """
    from larq_focal.bench.leaderboard import check_results

    with progress("Checking") as told:
        board = check_results(
            folders, data_dir=data_dir, rerun=not no_rerun, show=lambda path: told(f"Checking {path}")
        )
    show(board, as_json)
    if board.faults:
        raise SystemExit(1)

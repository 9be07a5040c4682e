"""Command of studies: many networks, one question."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.bench import INTERRUPTED
from larq_focal.cli.options import DATASET_HELP, DatasetName, data_dir_option
from larq_focal.cli.output import console, quiet, say, status_line


@click.command(short_help="Answer a question over many networks: train, judge, compare.")
@click.argument("study")
@click.option("--dataset", type=DatasetName(), help=f"Another data set than the study's: {DATASET_HELP}")
@data_dir_option
@click.option("--seeds", type=click.IntRange(min=1), help="Trainings of each network; the study's own by default.")
@click.option(
    "--budget-minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Stop before a training that would not end in time, and say what is missing.",
)
@click.option("--resume", is_flag=True, help="Go on with a training that an earlier call left unfinished.")
@click.option(
    "--ray", metavar="auto|ADDRESS", help="Run the trainings on this Ray cluster; auto for the one on this machine."
)
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
def study(study: str, **options) -> None:
    """Run a STUDY: the name of one that comes with larq_focal, or the path of a YAML file.

    Finished trainings are kept in <results>/runs and never repeated, in this study or in another. The page of results
    is <results>/studies/<name>/report.html.
    """
    from larq_focal.bench.study.study_file import load_study

    asked = load_study(study)
    try:
        with quiet(), status_line(print_elsewhere=True) as show_line:
            from larq_focal.bench.study.study_run import run_study

            summary = run_study(asked, say=say, show=show_line, **options)
    except KeyboardInterrupt:
        click.echo(
            "\nInterrupted. Finished trainings and whole epochs are kept; the same command with --resume goes on.",
            err=True,
        )
        raise SystemExit(INTERRUPTED) from None
    console().print(summary)

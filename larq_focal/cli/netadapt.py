"""The command that makes a trained network narrower: netadapt."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.bench import INTERRUPTED
from larq_focal.cli.options import (
    DATASET_HELP,
    DatasetName,
    data_dir_option,
    import_option,
    json_option,
    model_argument,
    reach_options,
    sensor_option,
    threads_option,
    trust_option,
)
from larq_focal.cli.output import quiet, show
from larq_focal.cli.progress import progress
from larq_focal.files import existing

METRICS = ("latency", "energy", "bytes", "macs", "ace", "words")


def steps_of_blocks(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> dict[str, int]:
    """``BLOCK=CHANNELS`` as a dictionary."""
    steps = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        if not (equals and number.isdigit()):
            raise click.BadParameter(f"'{text}' is not of the form BLOCK=CHANNELS.", ctx, param)
        steps[name] = int(number)
    return steps


@click.command(short_help="Make a trained network narrower by what it costs, measured.")
@model_argument
@click.option("--dataset", type=DatasetName(), required=True, help=DATASET_HELP)
@data_dir_option
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), required=True, help="Folder for log and model."
)
@click.option("--metric", type=click.Choice(METRICS), default=METRICS[0], show_default=True)
@click.option("--for", "host", metavar="HOST", help="Where times are measured, over ssh: pi@raspberrypi.")
@reach_options
@threads_option
@click.option("--watts", type=click.FloatRange(min=0, min_open=True), help="For energy: what that machine draws.")
@sensor_option
@click.option("--iterations", type=click.IntRange(min=1), default=13, show_default=True)
@click.option("--steps", type=click.IntRange(min=1), default=10, show_default=True, help="Batches for each candidate.")
@click.option("--epochs", type=click.IntRange(min=0), default=5, show_default=True, help="Of a training at the end.")
@click.option("--judged", type=click.IntRange(min=1), default=2000, show_default=True, help="Images that judge each.")
@click.option("--points", type=click.IntRange(min=2), default=5, show_default=True, help="Widths that are measured.")
@click.option("--keep", multiple=True, metavar="LAYER", help="A layer that stays as it is.")
@click.option(
    "--step",
    "steps_of",
    multiple=True,
    callback=steps_of_blocks,
    metavar="LAYER=N",
    help="Channels that go at a time.",
)
@click.option("--tables", type=click.Path(path_type=Path), help="Folder of measured tables, to share them.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=1e-3, show_default=True)
@click.option("--batch-size", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--shift", type=click.IntRange(min=0), default=0, show_default=True, help="Of images, in pixels.")
@click.option("--flip", is_flag=True, help="Mirror half of the training images.")
@click.option("--held-out", type=click.IntRange(min=1), default=2500, show_default=True, help="Images that judge.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--minutes", type=click.FloatRange(min=0, min_open=True), help="Begin no iteration and no epoch after so many."
)
@trust_option
@json_option
@import_option
def netadapt(
    model: Path, host: str | None, reach: dict, as_json: bool, iterations: int, steps: int, judged: int, **options
) -> None:
    """Make a trained MODEL narrower by what it costs: the same command after an interruption goes on."""
    existing(model)
    try:
        with progress("loading the model") as tell, quiet():
            from larq_focal.compress.netadapt.adaptation import Schedule
            from larq_focal.compress.netadapt.adapted_file import adapt_file
            from larq_focal.deploy.remote import Host

            where = Host(host, **reach) if host else None
            schedule = Schedule(iterations=iterations, steps=steps, judged=judged)
            result = adapt_file(model, host=where, schedule=schedule, tell=tell, **options)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Whole iterations and epochs are kept; the same command goes on.", err=True)
        raise SystemExit(INTERRUPTED) from None
    show(result, as_json)

"""The command with one knob: optimize."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.bench import INTERRUPTED
from larq_focal.cli.netadapt import steps_of_blocks
from larq_focal.cli.options import (
    DatasetName,
    data_dir_option,
    import_option,
    json_option,
    model_argument,
    output_path,
    reach_options,
    threads_option,
    trust_option,
)
from larq_focal.cli.output import quiet, show
from larq_focal.cli.progress import progress
from larq_focal.files import existing

METRICS = ("latency", "energy", "bytes")


@click.command(short_help="Choose widths and bits layer by layer, within a loss of accuracy.")
@model_argument
@click.option("-o", "--output", type=output_path, required=True, help="Where the .tflite file goes.")
@click.option(
    "--max-accuracy-drop",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    help="Percentage points that may be lost.",
)
@click.option("--data", "dataset", type=DatasetName(), required=True, help="The data set to train and judge on.")
@data_dir_option
@click.option("--metric", type=click.Choice(METRICS), default=METRICS[0], show_default=True, help="What to lower.")
@click.option("--for", "host", metavar="HOST", default="host", show_default=True, help="pi@raspberrypi, or host: here.")
@reach_options
@threads_option
@click.option("--watts", type=click.FloatRange(min=0, min_open=True), help="For energy: what that machine draws.")
@click.option("--keep", multiple=True, metavar="LAYER", help="A layer that stays as it is.")
@click.option("--widths/--no-widths", default=True, show_default=True, help="Whether channels may be removed.")
@click.option("--steps", type=click.IntRange(min=1), default=10, show_default=True, help="Batches after a narrowing.")
@click.option(
    "--step", "steps_of", multiple=True, callback=steps_of_blocks, metavar="LAYER=N", help="Channels that go at a time."
)
@click.option("--judged", type=click.IntRange(min=1), default=2000, show_default=True, help="Images that judge each.")
@click.option("--held-out", type=click.IntRange(min=1), default=2500, show_default=True, help="Images not trained on.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=1e-3, show_default=True)
@click.option("--batch-size", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--shift", type=click.IntRange(min=0), default=0, show_default=True, help="Of images, in pixels.")
@click.option("--flip", is_flag=True, help="Mirror half of the training images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@trust_option
@json_option
@import_option
def optimize(
    model: Path,
    output: Path,
    max_accuracy_drop: float,
    dataset: str,
    data_dir: Path | None,
    host: str,
    reach: dict,
    as_json: bool,
    **options,
) -> None:
    """Choose widths and bits of a MODEL layer by layer, and write the least costly network as a .tflite file.

    MODEL is a Keras model, or a .qgraph or .tflite file, whose widths stay.
    """
    existing(model)
    try:
        with progress("loading the model and the data") as tell, quiet():
            from larq_focal.compress.optimize.optimized import optimize as choose
            from larq_focal.datasets.dataset import load_dataset
            from larq_focal.deploy.remote import Host

            where = None if host == "host" else Host(host, **reach)
            data = load_dataset(dataset, data_dir)
            result = choose(model, data, output, max_drop=max_accuracy_drop / 100, host=where, tell=tell, **options)
    except KeyboardInterrupt:
        click.echo("\nInterrupted. Whole rounds are kept; the same command goes on.", err=True)
        raise SystemExit(INTERRUPTED) from None
    show(result, as_json)

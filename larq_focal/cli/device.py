"""Commands that run converted models, here or on another machine: run, time. None needs TensorFlow."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import (
    engine_option,
    files_by_name,
    json_option,
    one_of,
    output_path,
    reach_options,
    threads_option,
)
from larq_focal.cli.output import show, tell
from larq_focal.deploy.pixels import DEFAULT_RESIZE, DEFAULT_SCALE, RESIZES, SCALES

tflite_argument = click.argument("tflite", type=click.Path(path_type=Path))


@click.command(short_help="Predict from images or arrays.")
@tflite_argument
@click.option(
    "--input",
    "inputs",
    multiple=True,
    required=True,
    metavar="FILE",
    help="An image, or a .npy array with or without a batch axis. Several make a batch; a model with several inputs "
    "takes NAME=FILE for each.",
)
@click.option(
    "--scale",
    help=f"Of pixels: {one_of(SCALES)}; of images by default what the file says, else {DEFAULT_SCALE}.",
)
@click.option("--resize", default=DEFAULT_RESIZE, show_default=True, help=f"Of images: {one_of(RESIZES)}.")
@click.option(
    "--classes",
    type=click.Path(path_type=Path),
    help="A text file with the name of a class per line, in place of those that the file says.",
)
@click.option("--top", type=click.IntRange(min=1), default=5, show_default=True, help="How many classes to show.")
@click.option(
    "-o",
    "--output",
    type=output_path,
    help="Where the outputs go: a .npy array, or a .npz file with an array for the name of each output.",
)
@click.option("--trial", is_flag=True, help="Let a process of its own run the model first: for files from strangers.")
@threads_option
@engine_option
@json_option
def run(tflite: Path, inputs: tuple[str, ...], as_json: bool, **options) -> None:
    """Predict with a TFLITE model from images or arrays."""
    from larq_focal.deploy.prediction import predict

    show(predict(tflite, files_by_name(inputs) or inputs, **options), as_json)


class _Counts(click.ParamType):
    """Whole numbers above 0 with commas between, as a tuple."""

    name = "N[,N...]"

    def convert(self, value, param, ctx) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            counts = tuple(int(part) for part in value.split(","))
        except ValueError:
            counts = ()
        if not counts or min(counts) < 1:
            self.fail(f"'{value}' is not a number above 0, or several with commas between.", param, ctx)
        return counts


@click.command(short_help="Time a converted model, here or over ssh.")
@tflite_argument
@click.option(
    "--threads", type=_Counts(), default="1", show_default=True, help="One number, or several in turn: 1,2,4."
)
@click.option("--runs", type=click.IntRange(min=1), help="Timed inferences; enough for a stable median by default.")
@click.option("--profile", is_flag=True, help="Time every operation by itself too.")
@click.option("--no-memory", is_flag=True, help="Do not measure the peak memory.")
@click.option("--watts", type=float, help="The power that the machine draws meanwhile, if you measure it.")
@engine_option
@click.option("--host", metavar="[USER@]NAME", help="Time there, over ssh, instead of here.")
@reach_options
@click.option("--wheel", type=click.Path(path_type=Path), help="A wheel of larq_focal for the host (make wheels).")
@json_option
def time(
    tflite: Path, host: str | None, reach: dict, wheel: Path | None, no_memory: bool, as_json: bool, **options
) -> None:
    """Time a TFLITE model, on this machine or over ssh: times, memory, and what makes them doubtful."""
    options["memory"] = not no_memory
    if host:
        from larq_focal.deploy.remote import Host, time_remote

        tell(f"Timing on {host} ...")
        result = time_remote(tflite, Host(host, **reach), wheel=wheel, **options)
    else:
        from larq_focal.deploy.device import time_on_device

        tell("Timing ...")
        result = time_on_device(tflite, **options)
    show(result, as_json)

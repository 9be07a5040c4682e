"""Commands that make converted models: convert, audit."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import (
    data_dir_option,
    data_option,
    import_option,
    json_option,
    model_argument,
    one_of,
    output_path,
    trust_option,
)
from larq_focal.cli.output import array, quiet, show
from larq_focal.cli.progress import progress
from larq_focal.cli.representative import representative_samples
from larq_focal.datasets.names import OWN_NAMES
from larq_focal.datasets.rows import DATASETS
from larq_focal.deploy.converters import CALIBRATIONS, CONVERTERS, DEFAULT_CALIBRATION, INPUT_TYPES, RESTS
from larq_focal.deploy.pixels import SCALES
from larq_focal.files import existing, existing_file

strict_option = click.option(
    "--strict", is_flag=True, help="Fail where a layer that was meant to be binary or of few bits stays float."
)


@click.command(short_help="Convert a model for devices, and audit what came out.")
@model_argument
@click.option("-o", "--output", type=output_path, required=True, help="Where the .tflite file goes.")
@click.option(
    "--converter",
    type=click.Choice(CONVERTERS),
    default=CONVERTERS[0],
    show_default=True,
    help="larq_focal's own, or Larq Compute Engine's, for Keras models; auto takes the first that can do it.",
)
@click.option("--rest", type=click.Choice(RESTS), default="float", show_default=True, help="What is not binary.")
@click.option(
    "--representative",
    metavar="FILE|DATASET",
    help="For --rest int8: samples like those that the network will see. A .npy array; a .npz file with an array for "
    f"each input, and their 'labels' if it has them; {', '.join(DATASETS)}, or {one_of(OWN_NAMES)}.",
)
@click.option(
    "--input-type",
    type=click.Choice(INPUT_TYPES),
    default="float32",
    show_default=True,
    help="For --rest int8: what the file takes.",
)
@click.option(
    "--calibration",
    type=click.Choice(CALIBRATIONS),
    default=DEFAULT_CALIBRATION,
    show_default=True,
    help="For --rest int8: how ranges are taken from the samples; fixed point has powers of two as steps.",
)
@click.option(
    "--class-names",
    type=click.Path(path_type=Path),
    help="A text file with the name of a class per line, which the file will say.",
)
@click.option("--preprocessing", type=click.Choice(tuple(SCALES)), help="Of pixels, which the file will say.")
@data_dir_option
@strict_option
@data_option
@trust_option
@json_option
@import_option
def convert(
    model: Path,
    output: Path,
    data: Path | None,
    representative: str | None,
    data_dir: Path | None,
    as_json: bool,
    **options,
) -> None:
    """Convert a MODEL for devices, and audit what came out: a Keras model, or a .qgraph or .tflite file."""
    existing(model)  # before TensorFlow, which takes seconds to load
    samples = representative_samples(representative, array(data), data_dir)
    with progress("converting"), quiet():
        from larq_focal.deploy.convert import convert as convert_model

        result = convert_model(model, output, **samples, **options).audit
    show(result, as_json)


@click.command(short_help="Tell what became of each layer of a model in a file.")
@model_argument
@click.argument("tflite", type=click.Path(path_type=Path))
@strict_option
@data_option
@trust_option
@json_option
@import_option
def audit(model: Path, tflite: Path, strict: bool, data: Path | None, trust: bool, as_json: bool) -> None:
    """Tell layer by layer what became of a MODEL in a TFLITE file: a Keras model, or a .qgraph or .tflite file."""
    existing(model), existing_file(tflite)
    with progress("comparing the model with the file"), quiet():
        from larq_focal.deploy.audit import audit as audit_file

        result = audit_file(model, tflite, data=array(data), trust=trust)
    show(result, as_json)
    if not result.passed or (strict and result.not_as_intended):
        raise SystemExit(1)


@click.command(short_help="Save a model of Keras 2 or Larq as a file of Keras 3.")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=output_path, required=True, help="Where the .keras file goes.")
@import_option
@trust_option
def migrate(model: Path, output: Path, trust: bool) -> None:
    """Saves a model of Keras 2 or Larq, MODEL, as a file of Keras 3 that computes the same.

    For .h5 and .keras files neither Larq nor TensorFlow is needed; a SavedModel folder is loaded with both.
    """
    from larq_focal.deploy.migration import migrate

    click.echo(f"{migrate(model, output, trust=trust)} is a file of Keras 3.")

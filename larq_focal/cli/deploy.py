"""Commands that make converted models: convert, audit."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import data_option, json_option, model_argument
from larq_focal.cli.output import array, quiet, show
from larq_focal.cli.progress import progress


@click.command()
@model_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Where the .tflite file goes.")
@click.option("--strict", is_flag=True, help="Fail where a layer meant to be binary stays float.")
@data_option
@json_option
def convert(model: Path, output: Path, strict: bool, data: Path | None, as_json: bool) -> None:
    """Convert a Keras MODEL with Larq Compute Engine, and audit what came out."""
    with progress("converting"), quiet():
        from larq_focal.deploy.convert import convert as convert_model

        result = convert_model(model, output, data=array(data), strict=strict).audit
    show(result, as_json)


@click.command()
@model_argument
@click.argument("tflite", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Fail where a layer meant to be binary stays float.")
@data_option
@json_option
def audit(model: Path, tflite: Path, strict: bool, data: Path | None, as_json: bool) -> None:
    """Tell layer by layer what became of a Keras MODEL in a TFLITE file."""
    with progress("comparing the model with the file"), quiet():
        from larq_focal.deploy.audit import audit as audit_file

        result = audit_file(model, tflite, data=array(data))
    show(result, as_json)
    if not result.passed or (strict and not result.all_packed):
        raise SystemExit(1)

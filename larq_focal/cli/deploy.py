"""Commands for converted models: convert, audit, time."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import data_option, engine_option, json_option, model_argument, threads_option
from larq_focal.cli.output import array, quiet, show


@click.command()
@model_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Where the .tflite file goes.")
@click.option("--strict", is_flag=True, help="Fail where a layer meant to be binary stays float.")
@data_option
@json_option
def convert(model: Path, output: Path, strict: bool, data: Path | None, as_json: bool) -> None:
    """Convert a Keras MODEL with Larq Compute Engine, and audit what came out."""
    with quiet():
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
    with quiet():
        from larq_focal.deploy.audit import audit as audit_file

        result = audit_file(model, tflite, data=array(data))
    show(result, as_json)
    if not result.passed or (strict and not result.all_packed):
        raise SystemExit(1)


@click.command()
@click.argument("tflite", type=click.Path(path_type=Path))
@threads_option
@click.option("--runs", type=click.IntRange(min=1), help="Timed inferences; enough for a stable median by default.")
@engine_option
@json_option
def time(tflite: Path, threads: int, runs: int | None, engine: str, as_json: bool) -> None:
    """Time a TFLITE model on this machine: minimum, median and 90th percentile."""
    from larq_focal.deploy.timing import time as time_model

    show(time_model(tflite, threads=threads, runs=runs, engine=engine), as_json)

"""Commands for focal-plane processors: fit."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import json_option
from larq_focal.cli.output import quiet, show


@click.command()
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option("--from-graph", type=click.Path(path_type=Path), help="A .qgraph file instead: needs no TensorFlow.")
@click.option(
    "--sensor",
    default="scamp5",
    show_default=True,
    help="scamp5, scamp5_programmer, scamp7 or binareye, or the path of a sensor's YAML file.",
)
@json_option
def fit(model: Path | None, from_graph: Path | None, sensor: str, as_json: bool) -> None:
    """Judge whether a MODEL fits the registers of a focal-plane processor."""
    from larq_focal.focal_plane import fit as fit_model

    if (model is None) == (from_graph is None):
        raise click.UsageError("Give a MODEL or --from-graph, and not both.")
    with quiet():
        result = fit_model(model or from_graph, sensor)
    show(result, as_json)

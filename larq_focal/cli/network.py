"""Commands that describe a network: summary, graph."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import import_option, json_option, model_argument, output_path, trust_option
from larq_focal.cli.output import quiet, show


@click.command(short_help="Print bits, bytes, multiply-accumulates and ACE.")
@model_argument
@trust_option
@json_option
@import_option
def summary(model: Path, trust: bool, as_json: bool) -> None:
    """Print bits, bytes, multiply-accumulates and ACE of a MODEL (.keras, .h5, .tflite or .qgraph), per layer."""
    from larq_focal.cost import summary as summarize

    with quiet():
        result = summarize(model, trust=trust)
    show(result, as_json)


@click.command(short_help="Write the network as plain data.")
@model_argument
@click.option("-o", "--output", type=output_path, required=True, help="Where the .qgraph file goes.")
@import_option
@trust_option
def graph(model: Path, output: Path, trust: bool) -> None:
    """Write the QuantGraph of a MODEL to a file that needs neither Keras nor TensorFlow."""
    from larq_focal.network import save_graph
    from larq_focal.network.load import as_graph

    with quiet():
        read = as_graph(model, trust=trust)
    click.echo(f"{save_graph(read, output)}: {len(read)} operations")

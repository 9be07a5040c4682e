"""Commands that describe a network: summary, graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from larq_focal.cli.options import import_option, json_option, model_argument, output_path, trust_option
from larq_focal.cli.output import quiet, show

if TYPE_CHECKING:
    from larq_focal.network.passes.sequence import Passes


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


@click.command(short_help="Print the network's operations, or write them as plain data.")
@model_argument
@click.option("-o", "--output", type=output_path, help="Where the .qgraph file goes, instead of being printed.")
@click.option(
    "--after",
    metavar="PASS",
    help="The network as it is after this pass of conversion or of the pixel array's compiler; a name that no pass has "
    "is answered with all that there are.",
)
@import_option
@trust_option
@json_option
def graph(model: Path, output: Path | None, after: str | None, trust: bool, as_json: bool) -> None:
    """Print the QuantGraph of a MODEL, or write it to a file that needs neither Keras nor TensorFlow."""
    from larq_focal.network import save_graph
    from larq_focal.network.listing import Listing
    from larq_focal.network.load import as_graph
    from larq_focal.network.passes.sequence import run_passes

    passes = {} if after is None else _passes_until(after)
    with quiet():
        read = run_passes(as_graph(model, trust=trust), passes)
    if output is None:
        show(Listing(read, f"after '{after}'" if after else ""), as_json)
    else:
        click.echo(f"{save_graph(read, output)}: {len(read)} operations")


def _passes_until(last: str) -> Passes:
    """The passes of the list that has ``last``, up to it."""
    from larq_focal.focal_plane.compiler import array_form
    from larq_focal.network import passes
    from larq_focal.network.passes.sequence import passes_until

    for listed in (passes.PASSES, array_form.PASSES):
        if last in listed:
            return passes_until(listed, last)
    known = "\n".join(f"  {name}" for name in (*passes.PASSES, *array_form.PASSES))
    raise click.BadParameter(f"there is no pass {last!r}; choose from\n{known}", param_hint="--after")

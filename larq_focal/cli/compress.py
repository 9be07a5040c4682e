"""The command that gives a trained network weights of few bits: compress."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import import_option, json_option, model_argument, output_path, trust_option
from larq_focal.cli.output import quiet, show
from larq_focal.compress.scheme_names import SCHEME_NAMES
from larq_focal.files import existing


def _bits_of_layers(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    named = {}
    for value in values:
        name, _, bits = value.rpartition("=")
        if not name or not bits.isdecimal():
            raise click.BadParameter(f"{value!r} is not NAME=BITS, such as conv_1=8.")
        named[name] = int(bits)
    return named


@click.command(short_help="Give a trained network weights of few bits.")
@model_argument
@click.option("-o", "--output", type=output_path, required=True, help="Where the .qgraph file goes.")
@click.option("--bits", type=click.IntRange(1, 8), help="Of the weights of all layers but those named otherwise.")
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="NAME=BITS",
    callback=_bits_of_layers,
    help="Bits of one layer's weights.",
)
@click.option("--keep", multiple=True, metavar="NAME", help="A layer that stays as it is.")
@click.option(
    "--dual",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="So many layers, those with the largest error, get a second kernel for what the first leaves.",
)
@click.option(
    "--everywhere",
    is_flag=True,
    help="Few bits for layers too that take no fewer bytes with them in a .tflite file, and get 8 bits otherwise.",
)
@click.option(
    "--scheme", type=click.Choice(SCHEME_NAMES), default=SCHEME_NAMES[0], show_default=True, help="Of levels."
)
@trust_option
@import_option
@json_option
def compress(
    model: Path,
    output: Path,
    bits: int | None,
    layers: dict[str, int],
    keep: tuple[str, ...],
    everywhere: bool,
    scheme: str,
    dual: int,
    trust: bool,
    as_json: bool,
) -> None:
    """Give a trained MODEL weights of few bits, without data: a Keras model, or a .qgraph or .tflite file.

    "larq-focal convert OUTPUT -o model.tflite --rest int8 --representative ..." then writes a file for devices.
    """
    existing(model)
    if bits is None and not layers:
        raise click.UsageError("Give --bits for all layers, or --layer NAME=BITS for some.")
    with quiet():
        from larq_focal.compress import dual_weights, quantize_weights
        from larq_focal.network import save_graph
        from larq_focal.network.load import as_graph

        graph = as_graph(model, trust=trust)
        options = {"layers": layers, "keep": keep, "everywhere": everywhere, "scheme": scheme}
        result = dual_weights(graph, bits, worst=dual, **options) if dual else quantize_weights(graph, bits, **options)
        save_graph(result.graph, output)
    show(result, as_json)

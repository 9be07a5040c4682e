"""The command that writes C: export-c."""

from __future__ import annotations

from pathlib import Path

import click

from larq_focal.cli.options import data_option, import_option, json_option, model_argument, trust_option
from larq_focal.cli.output import array, as_json_text, quiet, show
from larq_focal.cli.progress import progress
from larq_focal.deploy.pixels import SCALES
from larq_focal.files import existing
from larq_focal.mcu.selection import DEFAULT_TARGET, TARGETS


@click.command("export-c", short_help="Write a model as C99 for microcontrollers.")
@model_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder where network.c, network.h, main.c and README.md go.",
)
@click.option("--name", default="network", show_default=True, help="What names in C begin with.")
@click.option("--target", type=click.Choice(TARGETS), default=DEFAULT_TARGET, show_default=True)
@click.option(
    "--pixels", type=click.Choice(tuple(SCALES)), help="What the input was made of pixels by; 8-bit pixels go in then."
)
@click.option("--input-in-arena", is_flag=True, help="The input is written into the context.")
@click.option("--weights-section", metavar="SECTION", help="Of the linker, for tables.")
@click.option("--code-section", metavar="SECTION", help="Of the linker, for functions.")
@click.option(
    "--max-ram", "max_ram_bytes", type=click.IntRange(min=0), metavar="BYTES", help="Refuse a larger context."
)
@click.option("--clock-mhz", type=click.FloatRange(min=0, min_open=True), help="Count instructions; estimate time.")
@click.option("--power-mw", type=click.FloatRange(min=0, min_open=True), help="At that clock, to estimate energy.")
@data_option
@trust_option
@json_option
@import_option
def export_c(
    model: Path,
    output: Path,
    data: Path | None,
    clock_mhz: float | None,
    power_mw: float | None,
    as_json: bool,
    **options,
) -> None:
    """Write a MODEL (.keras, .h5, .tflite or .qgraph) as C99 for microcontrollers, and check what it computes.

    With --clock-mhz, instructions are counted under emulation, and time and energy estimated.
    """
    existing(model)
    if power_mw is not None and clock_mhz is None:
        raise click.UsageError("--power-mw needs --clock-mhz.")
    with progress("writing C"), quiet():
        from larq_focal.mcu.export import export_c as export_model
        from larq_focal.mcu.run_report import microcontroller_for, report_run

        if clock_mhz is not None:
            microcontroller_for(options["target"])  # an error here leaves nothing written
        result = export_model(model, output, data=array(data), **options)
        report = None if clock_mhz is None else report_run(result, 1e6 * clock_mhz, power_mw=power_mw)
    if as_json:
        click.echo(as_json_text({**result.to_dict(), "run": None if report is None else report.to_dict()}))
    else:
        show(result, False)
        if report is not None:
            show(report, False)

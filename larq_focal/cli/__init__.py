"""The command line: parses, calls, prints. Each command has its twin in Python, and loads only what it needs."""

from __future__ import annotations

import click

from larq_focal.cli import (
    bench,
    compress,
    deploy,
    device,
    doctor,
    focal_plane,
    inspect,
    mcu,
    netadapt,
    network,
    optimize,
    score,
    study,
    zoo,
)
from larq_focal.cli.output import USER_ERRORS, exit_status, keep_tensorflow_silent, print_what_can_be_printed
from larq_focal.version import __version__


class _OneLineErrors(click.Group):
    """Shows what a user can fix as one message; with --debug the whole traceback."""

    def main(self, *arguments, **options):
        print_what_can_be_printed()
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except USER_ERRORS as error:
            if ctx.params.get("debug") or isinstance(error, click.exceptions.Exit):
                raise
            shown = click.ClickException(str(error))
            shown.exit_code = exit_status(getattr(error, "verdict", None), otherwise=shown.exit_code)
            raise shown from error
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            raise SystemExit(bench.INTERRUPTED) from None


@click.group(cls=_OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="larq-focal")
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error, and TensorFlow's own messages.")
def main(debug: bool) -> None:
    """Binary and few-bit networks: train, convert, audit, time, and fit to focal-plane processors."""
    if not debug:
        keep_tensorflow_silent()


for _command in (
    bench.bench,
    study.study,
    deploy.convert,
    deploy.audit,
    deploy.migrate,
    compress.compress,
    netadapt.netadapt,
    optimize.optimize,
    mcu.export_c,
    network.summary,
    focal_plane.fit,
    focal_plane.compile_model,
    focal_plane.simulate,
    inspect.inspect,
    network.graph,
    device.run,
    device.time,
    bench.retime,
    bench.report,
    score.card,
    score.check,
    zoo.zoo,
    doctor.doctor,
):
    main.add_command(_command)

"""The command that looks at the installation: doctor."""

from __future__ import annotations

import click

from larq_focal.cli.options import json_option
from larq_focal.cli.output import show, status_line


@click.command(short_help="Try which parts work on this machine, and say how to get the others.")
@json_option
def doctor(as_json: bool) -> None:
    """Try which parts work on this machine, and say how to get the others. Exit status 1 where one is broken."""
    from larq_focal.installation import doctor as examine

    with status_line() as progress:
        diagnosis = examine(progress=progress)
    show(diagnosis, as_json)
    if not diagnosis.is_sound:
        raise click.exceptions.Exit(1)

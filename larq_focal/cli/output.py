"""What commands show, and what they hold back."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from larq_focal.stderr import held_stderr, held_text, write_stderr

USER_ERRORS = (ValueError, OSError, RuntimeError, ImportError)
EXIT_STATUSES = {
    "FIT": 0,
    "FIT WITH SWAP": 0,
    "FIT WITH SPILL": 0,
    "FIT WITH SPILL AND SWAP": 0,
    "NO FIT": 3,
    "NOT JUDGED": 4,
}  # 1 is an error, 2 wrong usage
_TENSORFLOW_LOG_LEVEL, _SILENT = "TF_CPP_MIN_LOG_LEVEL", "3"


def keep_tensorflow_silent() -> None:
    os.environ.setdefault(_TENSORFLOW_LOG_LEVEL, _SILENT)


def exit_status(verdict: str | None, otherwise: int = 1) -> int:
    """The exit status of a command that ends with ``verdict``, or ``otherwise`` where it ends with none."""
    return EXIT_STATUSES.get(str(verdict), otherwise)


def print_what_can_be_printed() -> None:
    """Characters that the terminal's encoding lacks become "?": an error would come after all the work."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


def console():
    from rich.console import Console

    return Console(highlight=False)


def say(line: str) -> None:
    console().print(line, soft_wrap=True, markup=False)


@contextmanager
def status_line(print_elsewhere: bool = False) -> Iterator[Callable[[str], None]]:
    """Shows the latest line on a terminal; elsewhere prints each, or none."""
    screen = console()
    with screen.status("starting") as status:

        def show_line(line: str) -> None:
            status.update(line)
            if print_elsewhere and not screen.is_terminal:
                screen.print(line)

        yield show_line


def as_json_text(record: Mapping[str, Any]) -> str:
    """JSON of a record; numbers that JSON cannot write, which are not finite, become null."""
    return json.dumps(_finite(record), indent=1, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def show(result, as_json: bool) -> None:
    if as_json:
        click.echo(as_json_text(result.to_dict()))
    else:
        console().print(result)


def tell(text: str) -> None:
    """What goes on, for those who wait at a terminal. No moving picture: drawing one would disturb a timing."""
    if sys.stderr.isatty():
        click.echo(text, err=True)


def array(path: Path | None):
    """The array in a .npy file, or None."""
    if path is None:
        return None
    from larq_focal.deploy.inputs import read_array

    return read_array(path)


@contextmanager
def quiet() -> Iterator[None]:
    """Holds back what TensorFlow and others print on the way; an error that is not the user's brings it out."""
    if os.environ.get(_TENSORFLOW_LOG_LEVEL) != _SILENT:
        yield
        return
    printed = ""
    try:
        with held_stderr() as held:
            try:
                yield
            except (*USER_ERRORS, KeyboardInterrupt, SystemExit):
                raise
            except BaseException:
                printed = held_text(held)
                raise
    finally:
        write_stderr(printed)

"""What commands show on stderr while they work."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

FIRST_AFTER_S, THEN_EVERY_S = 2.0, 30.0  # plain lines, where there is no terminal


@contextmanager
def progress(line: str) -> Iterator[Callable[[str], None]]:
    """Shows ``line``, and then what the function that is returned gets, until the block ends.

    On a terminal the latest line stands there and goes away at the end. Elsewhere nothing is written for 2 s, and then
    a plain line now and then. Enter it before ``quiet``, which holds back what others write to stderr.
    """
    with _own_stderr() as stream:
        shown = _on_terminal if stream.isatty() else _in_lines
        with shown(stream, line) as tell:
            yield tell


@contextmanager
def _on_terminal(stream: TextIO, line: str) -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.markup import escape

    with Console(file=stream).status(escape(line)) as status:
        yield lambda latest: status.update(escape(latest))


@contextmanager
def _in_lines(stream: TextIO, line: str) -> Iterator[Callable[[str], None]]:
    latest, done, start = [line], threading.Event(), time.monotonic()

    def write() -> None:
        wait_s = FIRST_AFTER_S
        while not done.wait(wait_s):
            wait_s = THEN_EVERY_S
            with suppress(OSError, ValueError):  # a reader that has gone must not end the work
                stream.write(f"{latest[0]} ({time.monotonic() - start:.0f} s) ...\n")
                stream.flush()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield lambda line: latest.__setitem__(0, line)
    finally:
        done.set()
        writer.join()


@contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """A stream to where stderr goes now, wherever its descriptor is led meanwhile."""
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
        yield sys.stderr or io.StringIO()
        return
    with open(descriptor, "w", encoding=sys.stderr.encoding, errors="replace") as stream:
        yield stream

"""The standard error stream of the process, held back while C++ code writes to it behind Python's back."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

_STDERR = 2
_lock = threading.Lock()
_holders: list[BinaryIO] = []
"""The files that the stream goes to, the latest last; when it ends, the stream goes to the one before."""
_original: int | None = None
"""A duplicate of the stream as it was before the first holder, None where there is none."""


@contextmanager
def held_stderr() -> Iterator[BinaryIO]:
    """Sends what the process writes to its standard error stream into a temporary file, which the block gets.

    Blocks may lie within each other, and overlap in several threads: whichever ends last, the stream is restored.
    A process without such a stream holds nothing back.
    """
    with tempfile.TemporaryFile() as file:
        _begin(file)
        try:
            yield file
        finally:
            _end(file)


def held_text(file: BinaryIO) -> str:
    """What a block has held back so far."""
    _flush()
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")


def write_stderr(text: str) -> None:
    """Writes to the stream itself, or to the block around."""
    if text and sys.stderr is not None:
        sys.stderr.write(text)
        _flush()


def _begin(file: BinaryIO) -> None:
    global _original
    with _lock:
        _flush()
        if not _holders:
            try:
                _original = os.dup(_STDERR)
            except OSError:  # closed, as in a service
                _original = None
        _holders.append(file)
        if _original is not None:
            os.dup2(file.fileno(), _STDERR)


def _end(file: BinaryIO) -> None:
    global _original
    with _lock:
        _flush()
        _holders.remove(file)
        if _original is None:
            return
        os.dup2(_holders[-1].fileno() if _holders else _original, _STDERR)
        if not _holders:
            os.close(_original)
            _original = None


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()

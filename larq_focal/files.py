"""Files to read, which must be files; and written files, which are either whole or not there."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def existing(path: str | Path) -> Path:
    """The path of a file or folder to read; what is neither would be waited for.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it is a pipe, a device or a socket.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"There is no file '{path}'.") from None
    except ValueError:  # a null character
        raise FileNotFoundError(f"There is no file {str(path)!r}.") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(f"'{path}' is a pipe, a device or a socket: only files are read. Write it to a file first.")
    return path


def existing_file(path: str | Path) -> Path:
    """The path of a file to read.

    Raises:
        FileNotFoundError: there is no such file.
        IsADirectoryError: it is a folder.
        OSError: it is a pipe, a device or a socket.
    """
    path = existing(path)
    if path.is_dir():
        raise IsADirectoryError(f"'{path}' is a folder; needed is a file.")
    return path


@contextmanager
def written_whole(path: str | Path) -> Iterator[BinaryIO]:
    """Opens a file beside ``path`` for writing and renames it to ``path`` once the block ends without an error.

    Missing folders are made. On an error, or if the process dies, ``path`` is left as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def write_text(path: str | Path, text: str) -> Path:
    """Writes ``text`` as UTF-8 to ``path``, whole or not at all, and returns the path."""
    with written_whole(path) as file:
        file.write(text.encode())
    return Path(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

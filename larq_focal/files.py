"""Files to read, which must be files; and written files, which are either whole or not there."""

from __future__ import annotations

import errno
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from larq_focal.messages import short, shown

_PREFIX = ".larq_focal-"  # of files that are not whole yet


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
        raise FileNotFoundError(f"There is no file {shown(str(path))}.") from None
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise FileNotFoundError(f"There is no file '{short(path)}': its name is too long.") from None
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


def read_text(path: str | Path) -> str:
    """The text in a file, which is UTF-8.

    Raises:
        ValueError: the file holds something else than text.
        OSError: as for ``existing_file``.
    """
    try:
        return existing_file(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"'{path}' is not a text file in UTF-8.") from None


@contextmanager
def written_whole(path: str | Path) -> Iterator[BinaryIO]:
    """Opens a file beside ``path`` for writing and renames it to ``path`` once the block ends without an error.

    Missing folders are made. On an error, or if the process dies, ``path`` is left as it was. A symbolic link is
    followed: the file that it points to is replaced, and the link stays. A pipe or a device, and what else lies under
    /dev, is written to once the block has ended; it is not replaced.

    Raises:
        IsADirectoryError: ``path`` is a folder.
        OSError: it cannot be written; the message names ``path``, also where the disk is full.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"'{path}' is a folder; needed is the name of a file.")
    stays = not stat.S_ISREG(mode) or Path("/dev") in path.absolute().parents  # /dev/stdout may stand for any file
    with _named(path), (_sent if stays else _beside)(path) as file:
        yield file


@contextmanager
def _sent(path: Path) -> Iterator[BinaryIO]:
    content = io.BytesIO()
    yield content
    with path.open("wb") as file:
        file.write(content.getbuffer())


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=target.parent, prefix=_PREFIX, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors of the system name ``path``, not the file beside it, and not nothing as that of a full disk does."""
    try:
        yield
    except OSError as error:
        is_ours = error.filename is None or Path(str(error.filename)).name.startswith(_PREFIX)
        if error.errno is None or not is_ours:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_text(path: str | Path, text: str) -> Path:
    """Writes ``text`` as UTF-8 to ``path``, whole or not at all, and returns the path."""
    with written_whole(path) as file:
        file.write(text.encode(errors="replace"))  # names of files may have characters that are none
    return Path(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

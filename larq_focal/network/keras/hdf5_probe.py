"""Reads all of an HDF5 file but the numbers in it, in this process, which may crash or find no end:

    python -m larq_focal.network.keras.hdf5_probe FILE

The library behind h5py does so on some damaged files. A .keras file is an archive with such a file in it. The exit
code is 0 wherever the library comes to an end, also with an error: what is wrong with a file is told elsewhere.
"""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import h5py

from larq_focal.child import environment, python_command

WEIGHTS = "model.weights.h5"  # in an archive
_SECONDS = 20  # of CPU time: a busy machine is not the file's fault
_ON_A_BUSY_MACHINE = 15  # times as long
_LARGEST_RATIO, _SMALL = 100, 2**24  # of unpacked to packed bytes, beyond a few


def check_hdf5(path: Path) -> None:
    """Raises ValueError where reading the file at ``path`` crashes, or does not end soon."""
    command = python_command(__name__, str(path))
    try:
        longest = _SECONDS * _ON_A_BUSY_MACHINE
        done = subprocess.run(command, env=environment(), capture_output=True, timeout=longest, check=False)
    except subprocess.TimeoutExpired:
        raise ValueError(f"it may be damaged: reading it had not ended after {longest} s.") from None
    if sys.platform != "win32" and done.returncode == -signal.SIGXCPU:
        raise ValueError(f"it is damaged: reading it had not ended after {_SECONDS} s of CPU time.")
    if done.returncode < 0:
        raise ValueError("it is damaged: reading it crashes.")


def unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part of an archive; ValueError where it would unpack to far more than its size."""
    part = archive.getinfo(name)
    if part.file_size > _LARGEST_RATIO * part.compress_size + _SMALL:
        raise ValueError(f"its {name} would unpack to {part.file_size:,} bytes.")
    return archive.read(name)


def _read(path: str) -> None:
    source = path
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            source = io.BytesIO(unpacked(archive, WEIGHTS))
    with h5py.File(source, "r") as file:
        dict(file.attrs)
        names: list[str] = []
        file.visit(names.append)
        for name in names:
            dict(file[name].attrs)


def _limit_cpu_time(seconds: int) -> None:
    """Ends this process by SIGXCPU after so much CPU time, where the system can do that."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


if __name__ == "__main__":
    _limit_cpu_time(_SECONDS)
    with suppress(Exception):
        _read(sys.argv[1])

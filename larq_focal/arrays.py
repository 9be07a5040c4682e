"""Arrays from .npy and .npz files of unknown origin: plain numbers and texts, and never more than the file can hold.

``numpy.load`` raises about ten kinds of errors for damaged files, and takes the memory that a header claims. The format
is that of https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import ast
import io
import math
import struct
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from larq_focal.files import existing_file
from larq_focal.messages import short

NPY, NPZ = ".npy", ".npz"
_MAGIC = b"\x93NUMPY"
_HEADER_SIZES = {1: "<H", 2: "<I", 3: "<I"}  # by the major version
_LONGEST_HEADER = 10_000  # as NumPy's own limit; NumPy writes 128 bytes
_KINDS = "biufcUS"
# An archive that unpacks to more than this, and to this many times its size, holds nothing but a trap.
_LARGEST_BOMB, _LARGEST_RATIO = 2**30, 100


class ArrayFileError(ValueError):
    """A file of arrays is damaged, or is not one; the message names it."""


def read_npy(path: str | Path) -> np.ndarray:
    """The array in a .npy file: numbers, truth values or texts.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ArrayFileError: it does not hold one whole array, or one of Python objects.
    """
    path = existing_file(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            raise ArrayFileError(f"'{path}' is an archive of arrays: save one array with numpy.save.")
        file.seek(0)
        try:
            return _read(file, size)
        except ArrayFileError as error:
            raise ArrayFileError(f"'{path}' is not a whole {NPY} array: {error}.") from None


class ArrayArchive(Mapping[str, np.ndarray]):
    """The arrays in a .npz file by their names, each read when it is asked for. It is a context manager.

    Args:
        path: the file, or a name for messages where its content is given.
        content: of the archive, where it is not in a file of its own.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ArrayFileError: it is not a whole archive of arrays; or a name is there twice, or it would unpack to far more
            than its size. Also raised as arrays are read.
    """

    def __init__(self, path: str | Path, content: bytes | None = None):
        self.path = existing_file(path) if content is None else Path(path)
        self._file = self.path.open("rb") if content is None else io.BytesIO(content)
        self._size = self.path.stat().st_size if content is None else len(content)
        try:
            self._entries = self._listed()
        except BaseException:
            self._file.close()
            raise

    def _listed(self) -> dict[str, zipfile.ZipInfo]:
        try:
            self._zip = zipfile.ZipFile(self._file)
        except Exception as error:  # struct, zlib, codecs and zipfile have errors of their own
            raise self._damaged(error) from error
        entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            name = entry.filename.removesuffix(NPY)
            if name in entries:
                raise self._damaged(f"the name '{short(name, 60)}' is there twice")
            if not entry.filename.endswith(NPY):
                raise self._damaged(f"'{short(name, 60)}' is not an array")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self._damaged(f"'{short(name, 60)}' is compressed in a way that NumPy does not write")
            entries[name] = entry
        unpacked = sum(entry.file_size for entry in entries.values())
        if unpacked > max(_LARGEST_BOMB, _LARGEST_RATIO * self._size):
            raise self._damaged(f"it would unpack to {unpacked:,} bytes")
        return entries

    def __getitem__(self, name: str) -> np.ndarray:
        entry = self._entries[name]
        try:
            with self._zip.open(entry) as file:
                array = _read(file, entry.file_size)
                if file.read(1):  # so that the checksum is compared
                    raise ArrayFileError("something follows behind the array")
                return array
        except Exception as error:
            raise self._damaged(f"{short(name, 60)}: {short(error) or type(error).__name__}") from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __enter__(self) -> ArrayArchive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def _damaged(self, why: object) -> ArrayFileError:
        return ArrayFileError(
            f"'{self.path}' is not a whole {NPZ} file of arrays: it is damaged or cut off ({short(why)})."
        )


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """All arrays in a .npz file by their names; errors as for ``ArrayArchive``."""
    with ArrayArchive(path) as archive:
        return dict(archive)


def _read(file: BinaryIO, size: int) -> np.ndarray:
    """The array at the beginning of ``file``, which has ``size`` bytes; the message of errors is half a sentence."""
    shape, dtype, order, begin = _header(file)
    count = math.prod(shape)
    if count * dtype.itemsize > size - begin:
        raise ArrayFileError(
            f"{list(shape)} values of {dtype} take more than the {size - begin:,} bytes that are there"
        )
    try:
        array = np.empty(count, dtype)
        target = memoryview(array.view(np.uint8)) if count else memoryview(b"")
        while len(target):
            got = file.readinto(target)
            if not got:
                raise ArrayFileError("it is cut off")
            target = target[got:]
        if dtype.kind == "U" and count and array.view(dtype.byteorder + "u4").max() > sys.maxunicode:
            raise ArrayFileError("its text is damaged")
        return array.reshape(shape, order=order)
    except (ValueError, OverflowError, MemoryError) as error:  # dimensions beyond those of NumPy, or of the machine
        raise ArrayFileError(short(error) or "it does not fit into the memory") from error


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype, str, int]:
    """Shape, type, order ("C" or "F") and where the values begin."""
    start = file.read(8)
    if len(start) < 8 or not start.startswith(_MAGIC):
        raise ArrayFileError("it does not begin as one")
    form = _HEADER_SIZES.get(start[6])
    if form is None:
        raise ArrayFileError(f"it has version {start[6]} of the format, and 1 to 3 are known")
    length_bytes = file.read(struct.calcsize(form))
    if len(length_bytes) < struct.calcsize(form):
        raise ArrayFileError("it is cut off")
    (length,) = struct.unpack(form, length_bytes)
    if length > _LONGEST_HEADER:
        raise ArrayFileError(f"its header of {length:,} bytes is too long")
    text = file.read(length)
    if len(text) < length:
        raise ArrayFileError("it is cut off")
    try:
        fields = ast.literal_eval(text.decode("utf-8" if start[6] == 3 else "latin-1").strip())
        shape, description, is_fortran = fields["shape"], fields["descr"], fields["fortran_order"]
    except Exception as error:  # Python's parser raises many kinds
        raise ArrayFileError("its header is damaged") from error
    if not (isinstance(shape, tuple) and all(type(side) is int and side >= 0 for side in shape)):
        raise ArrayFileError(f"its shape {short(repr(shape), 60)} is not one of an array")
    return shape, _dtype(description), "F" if is_fortran is True else "C", file.tell()


def _dtype(description: object) -> np.dtype:
    try:
        if not isinstance(description, str):
            raise TypeError  # fields by names, which nothing here takes
        dtype = np.dtype(description)
    except Exception:
        raise ArrayFileError(f"its type {short(repr(description), 60)} is not one of numbers or texts") from None
    if dtype.hasobject:
        raise ArrayFileError("it holds pickled Python objects, which may run code; save numbers")
    if dtype.kind not in _KINDS or not dtype.itemsize:
        raise ArrayFileError(f"its type {dtype} is not one of numbers or texts")
    return dtype

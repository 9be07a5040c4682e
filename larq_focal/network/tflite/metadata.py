"""What a TensorFlow Lite file says of itself: the names of its classes, and what becomes of pixels before it gets them.

They are entries of the file's metadata, which engines leave alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import flatbuffers
import numpy as np

from larq_focal.network.tflite.flat_model import IDENTIFIER, FlatbufferError, FlatModel
from larq_focal.network.tflite.litert_schema import schema

ENTRY = "larq_focal"
_MOST_BYTES, _MOST_CLASSES, _LONGEST_NAME = 2**22, 10**5, 200
_FIELDS = {"class_names", "preprocessing"}


@dataclass(frozen=True)
class FileMetadata:
    """What a file says of itself; None for what it does not say.

    Args:
        class_names: of the classes that its output has scores for, in their order.
        preprocessing: of pixels from 0 to 255, by its name in ``larq_focal.deploy.pixels.SCALES``.

    Raises:
        ValueError: a text is empty, too long or not printable, or there are too many.
    """

    class_names: tuple[str, ...] | None = None
    preprocessing: str | None = None

    def __post_init__(self):
        if self.class_names is not None and not 1 <= len(self.class_names) <= _MOST_CLASSES:
            raise ValueError(f"there are {len(self.class_names):,} class names, not 1 to {_MOST_CLASSES:,}")
        for text in (*(self.class_names or ()), *([] if self.preprocessing is None else [self.preprocessing])):
            if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST_NAME or not text.isprintable():
                raise ValueError(f"a name must be a line of 1 to {_LONGEST_NAME} characters, which {text!r:.60} is not")

    def or_else(self, other: FileMetadata) -> FileMetadata:
        """What is said here, and what only ``other`` says."""
        return FileMetadata(self.class_names or other.class_names, self.preprocessing or other.preprocessing)

    @property
    def entries(self) -> dict[str, bytes]:
        """As metadata of a file: none where there is nothing to say."""
        said = {"class_names": self.class_names, "preprocessing": self.preprocessing}
        said = {name: value for name, value in said.items() if value is not None}
        return {ENTRY: json.dumps(said, ensure_ascii=False).encode()} if said else {}


def file_metadata(model: FlatModel) -> FileMetadata:
    """Reads what a file says of itself; nothing where it was not written by larq_focal.

    Raises:
        FlatbufferError: what it says is damaged, or no text that could be shown.
    """
    data = model.metadata.get(ENTRY)
    if data is None:
        return FileMetadata()
    try:
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it has {len(data):,} bytes")
        said = json.loads(bytes(data).decode())
        if not isinstance(said, dict) or not set(said) <= _FIELDS:
            raise ValueError("it has other fields than " + " and ".join(sorted(_FIELDS)))
        names, preprocessing = said.get("class_names"), said.get("preprocessing")
        if not isinstance(names, list | None) or not isinstance(preprocessing, str | None):
            raise ValueError("its fields are of the wrong types")
        return FileMetadata(None if names is None else tuple(names), preprocessing)
    except (ValueError, RecursionError) as error:
        raise FlatbufferError(
            f"What '{model.name}' says of its classes and pixels is damaged: {error}. Convert or copy it again."
        ) from error


def with_metadata(content: bytes, entries: Mapping[str, bytes]) -> bytes:
    """A file with more metadata; its operators and their data stay as they are."""
    model = schema().ModelT.InitFromObj(schema().Model.GetRootAs(content))
    add_metadata(model, entries)
    builder = AlignedBuilder(len(content) + 2**16)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def add_metadata(model, entries: Mapping[str, bytes]) -> None:
    """Adds entries, each in a buffer of its own, to a model of the schema's classes."""
    model.metadata = list(model.metadata or [])
    for name, data in entries.items():
        buffer, entry = schema().BufferT(), schema().MetadataT()
        buffer.data = np.frombuffer(data, np.uint8)
        entry.name, entry.buffer = name, len(model.buffers)
        model.buffers.append(buffer)
        model.metadata.append(entry)


class AlignedBuilder(flatbuffers.Builder):
    """Aligns data as the schema asks for it, which the generated code does not, and writes the same data once."""

    ALIGNMENT = 16

    def __init__(self, size: int):
        super().__init__(size)
        self._written: dict[bytes, int] = {}

    def CreateNumpyVector(self, x):
        if x.dtype != np.uint8:
            return super().CreateNumpyVector(x)
        data = x.tobytes()
        if data not in self._written:
            self.Prep(self.ALIGNMENT, x.nbytes)
            self._written[data] = super().CreateNumpyVector(x)
        return self._written[data]

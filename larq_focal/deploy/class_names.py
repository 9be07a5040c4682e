"""Names of classes and the preprocessing of pixels, as they are given to a network, checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from larq_focal.deploy.pixels import SCALES
from larq_focal.files import existing_file, read_text
from larq_focal.network.tflite.flatbuffer import read_flatbuffer
from larq_focal.network.tflite.metadata import FileMetadata, file_metadata


def as_class_names(classes: Sequence[str] | str | Path | None) -> tuple[str, ...] | None:
    """The names, or the lines of a text file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a text.
    """
    if classes is None:
        return None
    if isinstance(classes, str | Path):
        return tuple(line.strip() for line in read_text(classes).splitlines() if line.strip())
    return tuple(map(str, classes))


def class_names_of(network: object) -> tuple[str, ...] | None:
    """The names that a network says of its classes, where it is the path of a ``.tflite`` file.

    Raises:
        OSError, FlatbufferError: the file cannot be read.
    """
    if not isinstance(network, str | Path) or Path(network).suffix != ".tflite":
        return None
    return file_metadata(read_flatbuffer(existing_file(network))).class_names


def check_class_names(names: Sequence[str], network: str, shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuses names of another number than the network gives scores.

    Args:
        names: of the classes.
        network: its name, for the message.
        shapes: of its outputs, without the batch axis.

    Raises:
        ValueError: there is no single output of a score for each name.
    """
    if len(shapes) != 1 or tuple(shapes[0]) != (len(names),):
        raise ValueError(
            f"{len(names)} names of classes do not fit '{network}', which gives "
            f"{' and '.join(str(list(shape)) for shape in shapes)}."
        )


def given_metadata(classes: Sequence[str] | str | Path | None, preprocessing: str | None) -> FileMetadata:
    """What a file is to say of itself.

    Args:
        classes: names of the classes, or a text file with one per line; None says nothing.
        preprocessing: of pixels, one of ``larq_focal.deploy.pixels.SCALES``; None says nothing.

    Raises:
        OSError: the file of names cannot be read.
        ValueError: a name cannot be shown in a line, or there is no such preprocessing.
    """
    if preprocessing is not None and preprocessing not in SCALES:
        raise ValueError(f"There is no preprocessing '{preprocessing}'; choose one of {', '.join(SCALES)}.")
    try:
        return FileMetadata(as_class_names(classes), preprocessing)
    except ValueError as error:
        raise ValueError(f"The names of the classes cannot be written: {error}.") from error

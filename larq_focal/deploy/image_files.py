"""Images of a network from files: one for each input, one for each channel, or all in an archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from larq_focal.arrays import NPZ, ArrayArchive, ArrayFileError
from larq_focal.deploy.input_error import InputError
from larq_focal.deploy.inputs import is_image, read_array, read_samples

CHANNEL = ":"
_BYTES = "uint8"


def read_images(
    files: str | Path | Mapping[str, str | Path], shapes: Mapping[str, tuple[int, ...]], resize: str = "none"
) -> dict[str, np.ndarray]:
    """One image for each input of a network.

    Args:
        files: a picture or a ``.npy`` array for a network of one input; a ``.npz`` archive with an array for each name;
            or a file for each name. A name is that of an input, or ``input:channel``, the number of one of its channels
            from 0 on, of which all must be given.
        shapes: ``[height, width, channels]`` of the inputs, by name.
        resize: how pictures of another size are brought to that of the input, as in ``read_samples``.

    Returns:
        ``[height, width, channels]`` by name: grey levels of pictures as uint8, arrays as they are.

    Raises:
        OSError: a file cannot be read.
        InputError: a file is damaged or does not fit, or an input or a channel is missing.
        ImportError: a picture is given, and Pillow is missing.
    """
    if isinstance(files, Mapping):
        return _by_input({name: partial(_read, path, resize) for name, path in files.items()}, shapes)
    if Path(files).suffix.lower() == NPZ:
        try:
            with ArrayArchive(files) as archive:
                return _by_input({name: partial(_entry, archive, name) for name in archive}, shapes)
        except ArrayFileError as error:
            raise InputError(str(error)) from None
    if len(shapes) != 1:
        raise InputError(f"The network takes the images {', '.join(shapes)}: give a file for each name.")
    ((name, shape),) = shapes.items()
    return {name: _read(files, resize, shape)}


def _by_input(
    readers: Mapping[str, Callable[[tuple[int, ...]], np.ndarray]], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """The images, by readers that give an array of a shape, by the name of an input or of a channel."""
    images, left = {}, dict(readers)
    for name, shape in shapes.items():
        if name in left:
            images[name] = left.pop(name)(shape)
            continue
        channels = [f"{name}{CHANNEL}{number}" for number in range(shape[-1])] if shape else []
        missing = [channel for channel in channels if channel not in left]
        if missing or not channels:
            given = f", but of its channels not {missing[0]}" if len(missing) < len(channels) else ""
            raise InputError(f"The network needs an image for '{name}'{given}: it takes {_wanted(shapes)}.")
        parts = [left.pop(channel)((*shape[:-1], 1)) for channel in channels]
        if len({part.dtype.kind == "f" for part in parts}) > 1:
            raise InputError(f"The channels of '{name}' are pictures and arrays of other values: give all alike.")
        images[name] = np.concatenate(parts, axis=-1)
    if left:
        unknown = ", ".join(map(repr, left))
        raise InputError(f"The network has no input or channel called {unknown}: it takes {_wanted(shapes)}.")
    return images


def _wanted(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} [{', '.join(map(str, shape))}]" for name, shape in shapes.items())


def _read(path: str | Path, resize: str, shape: tuple[int, ...]) -> np.ndarray:
    if is_image(path):
        return read_samples(path, shape, _BYTES, resize=resize)[0]
    return _fitted(read_array(path), shape, f"'{path}'")


def _entry(archive: ArrayArchive, name: str, shape: tuple[int, ...]) -> np.ndarray:
    return _fitted(archive[name], shape, f"'{name}' in '{archive.path}'")


def _fitted(array: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    """An array ``shape``, perhaps without the axis of its one channel, or with a batch axis of one."""
    for given in (array, array[..., np.newaxis], array[0] if array.ndim and len(array) == 1 else array):
        if given.shape == shape:
            return given
    found, wanted = (", ".join(map(str, sizes)) for sizes in (array.shape, shape))
    raise InputError(f"{what} holds an array of the shape [{found}]; the network takes [{wanted}].")

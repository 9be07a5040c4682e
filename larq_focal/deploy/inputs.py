"""Inputs for a converted network from image files and .npy arrays. Images take Pillow; nothing takes TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from larq_focal.arrays import NPY as ARRAY_SUFFIX
from larq_focal.arrays import ArrayFileError, read_npy
from larq_focal.deploy.input_error import InputError
from larq_focal.deploy.pictures import read_picture, sized_picture
from larq_focal.deploy.pixels import DEFAULT_RESIZE, RESIZES, SCALES, default_scale
from larq_focal.files import existing_file

_CHANNEL_MODES = {1: "L", 3: "RGB"}


def read_array(path: str | Path) -> np.ndarray:
    """The array in a .npy file.

    Raises:
        OSError: the file cannot be read.
        InputError: it is not a whole array, or one of Python objects.
    """
    try:
        return read_npy(path)
    except ArrayFileError as error:
        raise InputError(str(error)) from None


def read_samples(
    path: str | Path,
    shape: tuple[int, ...],
    dtype: str = "float32",
    *,
    scale: str | None = None,
    resize: str = DEFAULT_RESIZE,
) -> np.ndarray:
    """The samples in a file, ready for an input of a network.

    A .npy array holds one sample or a batch of them and is taken as it is, unless ``scale`` is given for an array of
    uint8 pixels. Any other file must be an image that Pillow reads. It is turned as its EXIF orientation says, made
    grey (one channel) or RGB (three; transparency is dropped), brought to the size of the input, and scaled.

    Args:
        path: the file.
        shape: of the input without its batch axis; ``[height, width, channels]`` for images.
        dtype: of the input; pixels for one of uint8 stay integers where they are not scaled, for others they become
            float32, which the runtime quantizes where the input takes integers.
        scale: one of ``SCALES``; for images by default "raw" where the input takes uint8, else "centred".
        resize: how an image of another size is brought to that of the input, by Pillow's bilinear filter, which
            averages where it makes smaller. "crop" cuts the largest part of the right proportions from its middle
            first, "stretch" does not keep the proportions, "none" refuses.

    Returns:
        ``[N, *shape]``.

    Raises:
        OSError: the file cannot be read.
        InputError: it is damaged, or does not fit.
        ImportError: an image is given, and Pillow is missing.
        ValueError: there is no such scale or resizing.
    """
    if scale is not None and scale not in SCALES:
        raise ValueError(f"There is no scale '{scale}'; choose one of {', '.join(SCALES)}.")
    if resize not in RESIZES:
        raise ValueError(f"There is no resizing '{resize}'; choose one of {', '.join(RESIZES)}.")
    path = existing_file(path)
    if not is_image(path):
        samples = _with_batch_axis(read_array(path), shape, path)
        return samples if scale is None else _scaled_array(samples, scale, path)
    pixels = _read_image(path, shape, resize)
    scaled = SCALES[scale or default_scale(dtype)][1](pixels)[np.newaxis]
    return scaled if dtype == "uint8" else scaled.astype(np.float32, copy=False)


def is_image(path: str | Path) -> bool:
    """Whether a file is read as an image."""
    return Path(path).suffix.lower() != ARRAY_SUFFIX


def _with_batch_axis(array: np.ndarray, shape: tuple[int, ...], path: Path) -> np.ndarray:
    if array.shape == shape:
        return array[np.newaxis]
    if array.ndim == len(shape) + 1 and array.shape[1:] == shape:
        if len(array) == 0:
            raise InputError(f"'{path}' holds no samples: its array has the shape {list(array.shape)}.")
        return array
    wanted = ", ".join(map(str, shape))
    raise InputError(
        f"'{path}' holds an array of the shape {list(array.shape)}; the network takes [{wanted}] or [batch, {wanted}]."
    )


def _scaled_array(samples: np.ndarray, scale: str, path: Path) -> np.ndarray:
    if samples.dtype != np.uint8:
        raise InputError(f"'{path}' holds {samples.dtype}; only pixels (uint8) can be scaled. Leave the scale out.")
    return SCALES[scale][1](samples)


def _read_image(path: Path, shape: tuple[int, ...], resize: str) -> np.ndarray:
    """Pixels as uint8 ``shape``."""
    if len(shape) != 3 or shape[2] not in _CHANNEL_MODES:
        raise InputError(
            f"The network takes {list(shape)}, which no image file gives: put what '{path}' shows into a "
            f"{ARRAY_SUFFIX} array."
        )
    height, width, channels = shape
    picture = read_picture(path, _CHANNEL_MODES[channels])
    return np.asarray(sized_picture(picture, (width, height), resize, path)).reshape(shape)

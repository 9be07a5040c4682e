"""Pictures from files, read and resized by Pillow."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from larq_focal.deploy.input_error import InputError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

GREY_MODES = ("1", "L", "LA", "La")
_WIDE_MODES = ("I", "F")  # and "I;16" and such: more than 8 bits a channel


def read_picture(path: Path, mode: str | None = None) -> Picture:
    """The picture in a file, turned as its EXIF orientation says, of 8 bits a channel; transparency is dropped.

    Args:
        path: the file.
        mode: "L" for grey, "RGB" for colours; None for what the file holds.

    Raises:
        OSError: the file cannot be read.
        InputError: it is damaged, of more than 8 bits a channel, or too large.
        ImportError: Pillow is missing.
    """
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise ImportError(f"Reading the image '{path}' needs Pillow: pip install pillow") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(path)
        with image:
            if image.mode.startswith(_WIDE_MODES):
                raise InputError(f"'{path}' has more than 8 bits a channel: save it with 8, or as .npy.")
            return ImageOps.exif_transpose(image).convert(mode or ("L" if image.mode in GREY_MODES else "RGB"))
    except UnidentifiedImageError:
        raise InputError(f"'{path}' is neither a .npy array nor an image that Pillow can read.") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise InputError(f"'{path}' has more than {Image.MAX_IMAGE_PIXELS} pixels: make it smaller.") from None
    except (InputError, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except (SyntaxError, EOFError, ValueError, OSError) as error:  # what Pillow's decoders raise
        raise InputError(f"'{path}' is a damaged image ({error}).") from error


def sized_picture(picture: Picture, size: tuple[int, int], resize: str, path: Path) -> Picture:
    """A picture of ``size``, width and height, by Pillow's bilinear filter, which averages where it makes smaller.

    Args:
        picture: the picture.
        size: wanted.
        resize: one of ``larq_focal.deploy.pixels.RESIZES``.
        path: where it comes from, for the message.

    Raises:
        InputError: it has another size, and ``resize`` is "none".
    """
    from PIL import Image

    if picture.size == size:
        return picture
    width, height = size
    if resize == "none":
        raise InputError(f"'{path}' has {picture.width} by {picture.height} pixels, not {width} by {height}.")
    if resize == "crop":
        picture = picture.crop(_middle(picture.size, width / height))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _middle(size: tuple[int, int], proportions: float) -> tuple[int, int, int, int]:
    """Left, upper, right and lower edge of the largest part of these proportions, width by height, in the middle."""
    width = max(1, min(size[0], round(size[1] * proportions)))
    height = max(1, min(size[1], round(size[0] / proportions)))
    left, upper = (size[0] - width) // 2, (size[1] - height) // 2
    return left, upper, left + width, upper + height

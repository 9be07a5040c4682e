"""What becomes of the pixels of an image before a network gets them; importing this loads not even NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from larq_focal.deploy.input_error import InputError

if TYPE_CHECKING:
    import numpy as np

RESIZES = ("crop", "stretch", "none")
DEFAULT_RESIZE = "crop"
# The statistics of ImageNet's training images, to which larq_zoo normalizes (larq_zoo/training/data.py in
# https://github.com/larq/zoo).
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


def _imagenet(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[-1] != 3:
        raise InputError(f"The scale 'imagenet' is for colour images, not for {pixels.shape[-1]} channels.")
    import numpy as np

    return (pixels / np.float32(255) - np.float32(_IMAGENET_MEAN)) / np.float32(_IMAGENET_DEVIATION)


SCALES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "centred": ("(pixel - 128) / 256", lambda pixels: (pixels.astype("float32") - 128) / 256),
    "signed": ("pixel / 127.5 - 1", lambda pixels: pixels.astype("float32") / 127.5 - 1),
    "unit": ("pixel / 255", lambda pixels: pixels.astype("float32") / 255),
    "imagenet": ("(pixel / 255 - mean) / deviation of ImageNet's channels", _imagenet),
    "raw": ("pixel", lambda pixels: pixels),
}
"""What becomes of pixels from 0 to 255, by name: the formula, and the function of uint8 ``[..., C]``."""
DEFAULT_SCALE = "centred"
"""That of larq_focal's benchmarks."""


def default_scale(dtype: str) -> str:
    """What is done to the pixels of an image for an input of this type, unless something else is asked for."""
    return "raw" if dtype == "uint8" else DEFAULT_SCALE

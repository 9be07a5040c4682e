"""What images and pixel ranges must be."""

from __future__ import annotations

import numpy as np

FAR_BEYOND = 10  # ranges of the light, beyond which values mean something else


def check_numbers(values: np.ndarray, what: str) -> None:
    """Refuses values that are not real, finite numbers.

    Args:
        values: of any shape.
        what: how the message calls them.

    Raises:
        ValueError: the message names the fault.
    """
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{what} holds values of type {values.dtype}; give real numbers.")
    if not values.size:
        raise ValueError(f"{what} is empty: its shape is {list(values.shape)}.")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise ValueError(f"{what} holds {bad:,} values that are not finite (NaN or infinite); remove them.")


def check_within(values: np.ndarray, low: float, high: float, what: str) -> None:
    """Refuses values far beyond those that stand for no light and for the brightest.

    Args:
        values: of any shape; integers are grey levels from 0 to 255, anything else values of the network.
        low: the value for no light, in the network's terms.
        high: the value for the brightest.
        what: how the message calls them.

    Raises:
        ValueError: a value is not a real number, or out of bounds.
    """
    check_numbers(values, what)
    if values.dtype.kind != "f":
        low, high = 0, 255
    least, most = sorted((low, high))
    slack = FAR_BEYOND * (most - least) if values.dtype.kind == "f" else 0  # noise on an image is clipped
    found = values.min(), values.max()
    if found[0] < least - slack or found[1] > most + slack:
        raise ValueError(
            f"{what} goes from {found[0]:g} to {found[1]:g}; the light goes from {low:g} to {high:g}: scale it."
        )


def check_pixel_range(pixel_range: tuple[float, float]) -> tuple[float, float]:
    """The network's input values for no light and for the brightest, as numbers.

    Raises:
        ValueError: they are not two different finite numbers.
    """
    try:
        low, high = (float(value) for value in pixel_range)
        with np.errstate(all="ignore"):
            width = np.float32(high) - np.float32(low)
        is_range = bool(np.isfinite(width)) and width != 0
    except (TypeError, ValueError, OverflowError):
        is_range = False
    if not is_range:
        raise ValueError(
            f"pixel_range is {pixel_range!r:.60}; give two different finite numbers: for no light and the brightest."
        )
    return low, high


def as_images(images: np.ndarray, shape: tuple[int, ...], network: str) -> np.ndarray:
    """Images ``[N, *shape]`` as float32.

    Raises:
        ValueError: they have another shape, are none, or are not real, finite numbers; the message names ``network``.
    """
    images = np.asarray(images)
    if images.ndim != len(shape) + 1 or images.shape[1:] != shape or not len(images):
        raise ValueError(f"'{network}' takes images [N, {', '.join(map(str, shape))}], not {list(images.shape)}.")
    check_numbers(images, "The array of images")
    return images.astype(np.float32)

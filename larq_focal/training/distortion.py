"""Random small distortions of images: a turn, a change of size, a shift and an elastic field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Distortion:
    """How far images are distorted.

    Attributes:
        degrees: Largest turn either way.
        zoom: Largest relative change of the size, of width and height apart.
        shift: Largest shift in each direction, in pixels and parts of them.
        elastic: Standard deviation of the elastic field, in pixels.
        grid: Points of the elastic field along each side; between them it is linear.

    Source:
        Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document
        Analysis", ICDAR 2003; the field is drawn on a coarse grid here, where they smooth one by a Gaussian.
    """

    degrees: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    grid: int = 5

    def __post_init__(self):
        if min(self.degrees, self.zoom, self.shift, self.elastic) < 0 or self.zoom >= 1 or self.grid < 2:
            raise ValueError(
                f"Distortions must be 0 or more, the zoom below 1, and the grid have 2 points or more: {self}."
            )


def distorted(images: np.ndarray, random: np.random.Generator, distortion: Distortion) -> np.ndarray:
    """Each of ``images``, uint8 ``[n, height, width, channels]``, distorted by its own draw from ``random``.

    Between pixels the values are linear; beyond the border they are those of the border.
    """
    count, height, width, _ = images.shape
    rows, columns = _sources(count, height, width, random, distortion)
    top, left = np.floor(rows).astype(np.int32), np.floor(columns).astype(np.int32)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    lines = images.reshape(count * height * width, -1).astype(np.float32)
    first = (np.arange(count, dtype=np.int32) * (height * width))[:, None, None]

    def at(row, column):
        return lines[first + np.clip(row, 0, height - 1) * width + np.clip(column, 0, width - 1)]

    above = at(top, left) * (1 - right) + at(top, left + 1) * right
    below = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    return np.rint(above * (1 - down) + below * down).astype(np.uint8)


def _sources(count: int, height: int, width: int, random: np.random.Generator, distortion: Distortion):
    """Where each pixel of the results comes from: rows and columns, float32 ``[n, height, width]``."""
    angle = np.deg2rad(random.uniform(-distortion.degrees, distortion.degrees, count)).astype(np.float32)
    sizes = 1 + random.uniform(-distortion.zoom, distortion.zoom, (2, count, 1, 1)).astype(np.float32)
    shifts = random.uniform(-distortion.shift, distortion.shift, (2, count, 1, 1)).astype(np.float32)
    fields = random.normal(0, distortion.elastic, (2, count, distortion.grid, distortion.grid)).astype(np.float32)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None]
    x = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :]
    down, across = _between(height, distortion.grid), _between(width, distortion.grid)
    elastic = down @ fields @ across.T
    rows = (cosine * y - sine * x) * sizes[0] + shifts[0] + elastic[0] + np.float32((height - 1) / 2)
    columns = (sine * y + cosine * x) * sizes[1] + shifts[1] + elastic[1] + np.float32((width - 1) / 2)
    return rows, columns


def _between(size: int, grid: int) -> np.ndarray:
    """The weights that take ``grid`` points to ``size`` by straight lines, float32 ``[size, grid]``."""
    places = np.linspace(0, grid - 1, size, dtype=np.float32)[:, None]
    return np.maximum(0, 1 - np.abs(places - np.arange(grid, dtype=np.float32)))

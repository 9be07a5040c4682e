"""Kernels for which others have published programs, with the instruction words that the best of them took.

The kernels are the examples of Cain (github.com/ed741/cain, ``examples``) and a box of 3x3; AnalogNet2 is the network
of M. Wong et al., "AnalogNet: convolutional neural network inference on analog focal plane sensor processors", 2020.
The words are those of programs that Cain found within 1 to 60 s, counted as here; the box of 3x3 takes two shifts and a
sum of three along each axis. Cain's 3x3 Gaussian divides by ``divq``, the others by ``div``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.analog.compiled_kernels import Division


@dataclass(frozen=True)
class PublishedKernels:
    """``kernels`` compiled together, dividing by ``division``, took ``icw`` instruction words."""

    name: str
    kernels: Mapping[str, np.ndarray]
    division: Division
    icw: int


def _published(name: str, division: Division, icw: int, scale: int, *kernels: list[list[int]]) -> PublishedKernels:
    named = {letter: np.array(kernel) / scale for letter, kernel in zip("ABC", kernels, strict=False)}
    return PublishedKernels(name, named, division, icw)


_SOBEL_X = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
_SOBEL_Y = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
_ANALOGNET_A = [[0, 0, 0], [-3, 1, 0], [-3, 0, 2]]

PUBLISHED_KERNELS = (
    _published("Sobel", "div", 10, 1, _SOBEL_X),
    _published("two Sobel", "div", 18, 1, _SOBEL_X, _SOBEL_Y),
    _published("box 3x3", "div", 12, 1, [[1] * 3] * 3),
    _published("Gauss 3x3", "divq", 24, 16, [[1, 2, 1], [2, 4, 2], [1, 2, 1]]),
    _published(
        *("Gauss 5x5", "div", 64, 64),
        [[0, 1, 2, 1, 0], [1, 4, 6, 4, 1], [2, 6, 10, 6, 2], [1, 4, 6, 4, 1], [0, 1, 2, 1, 0]],
    ),
    _published("box 7x7", "div", 54, 64, [[1] * 7] * 7),
    _published("AnalogNet2, kernel A", "div", 20, 4, _ANALOGNET_A),
    _published(
        *("AnalogNet2", "div", 46, 4),
        _ANALOGNET_A,
        [[-4, -1, 1], [-1, 2, 0], [1, 1, 0]],
        [[-1, 2, 0], [-1, 1, -3], [0, -3, 0]],
    ),
)

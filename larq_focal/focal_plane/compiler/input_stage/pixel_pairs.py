"""Which one-bit values of a network compare two pixels by a ratio, as gradients do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from larq_focal.focal_plane.compiler.input_stage.light import GREY_LEVELS, grey_values
from larq_focal.focal_plane.compiler.input_stage.pixel_ratio import PixelRatio, boundary_slope, fitted_ratio
from larq_focal.focal_plane.compiler.input_stage.pixel_taps import NotByWindow, on_one_window, pixel_taps
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.ops import Op, Pair

MOST_INEXACT = GREY_LEVELS**2 // 50  # pairs of grey levels that a comparison may tell otherwise
_LARGEST_WINDOW = 128  # pixels


@dataclass(frozen=True)
class Comparison:
    """``ratio`` holds for the pixels at ``larger`` and ``smaller``, or, where it is ``inverted``, does not hold.

    Pixels are given by rows and columns from the pixel of the image that has the indices of the output. ``inexact``
    counts the pairs of grey levels, of 65,536, for which the network would tell otherwise.
    """

    larger: Pair
    smaller: Pair
    ratio: PixelRatio
    inverted: bool = False
    inexact: int = 0

    @property
    def near(self) -> Pair:
        """Which of the two pixels lies nearer to the output."""
        return min(self.larger, self.smaller, key=lambda pixel: (sum(pixel), pixel))

    @property
    def distance(self) -> Pair:
        """Rows and columns from there to the other."""
        rows, columns = (a + b - 2 * c for a, b, c in zip(self.larger, self.smaller, self.near, strict=True))
        return rows, columns

    def to_dict(self) -> dict[str, Any]:
        return {
            "larger": list(self.larger),
            "smaller": list(self.smaller),
            "ratio": self.ratio.ratio,
            "offset": self.ratio.offset,
            "inverted": self.inverted,
            "inexact_pairs": self.inexact,
        }


@lru_cache(maxsize=4)  # a network is compiled again and again
def pair_comparisons(graph: QuantGraph, op: Op, pixel_range: tuple[float, float]) -> tuple[Comparison, ...] | str:
    """The comparison that each channel of ``op`` makes.

    The operations tell which pixels a channel can depend on, and the interpreter how, on all pairs of grey levels.

    Returns:
        One for each channel, or why there is none.
    """
    try:
        taps = pixel_taps(graph, op)
    except NotByWindow as reason:
        return str(reason)
    for channel, pixels in enumerate(taps):
        if len(pixels) != 2:
            return f"channel {channel} depends on {len(pixels)} pixel{'s' * (len(pixels) != 1)}, not on 2"
    window = on_one_window(graph, op)
    if np.prod(window.inputs[0].shape) > _LARGEST_WINDOW:
        return f"its pixels lie in windows of {'x'.join(map(str, window.inputs[0].shape[:2]))}"
    tables = {pixels: _tables(window, tuple(sorted(pixels)), pixel_range) for pixels in dict.fromkeys(taps)}
    known: dict[tuple, Comparison | str] = {}
    found = []
    for channel, pixels in enumerate(taps):
        table = tables[pixels][..., channel]
        key = pixels, table.tobytes()
        if key not in known:
            known[key] = _comparison(table, tuple(sorted(pixels)))
        if isinstance(known[key], str):
            return f"channel {channel} {known[key]}"
        found.append(known[key])
    return tuple(found)


def _tables(window: QuantGraph, pixels: tuple[Pair, Pair], pixel_range: tuple[float, float]) -> np.ndarray:
    """The signs of all channels for all grey levels of two pixels, bool ``[256, 256, channels]``; others are black."""
    levels = grey_values(pixel_range)
    images = np.full((GREY_LEVELS, GREY_LEVELS, *window.inputs[0].shape[:2]), levels[0], np.float32)
    images[:, :, pixels[0][0], pixels[0][1]] = levels[:, None]
    images[:, :, pixels[1][0], pixels[1][1]] = levels
    (values,) = interpret(window, images.reshape(-1, *window.inputs[0].shape), window.outputs).values()
    return values.reshape(GREY_LEVELS, GREY_LEVELS, -1) > 0


def _comparison(table: np.ndarray, pixels: tuple[Pair, Pair]) -> Comparison | str:
    """The comparison like ``table``, which gives the sign by the grey levels of the two ``pixels``."""
    table, (larger, smaller) = _rising(table, pixels)
    first, second = np.diff(table.astype(np.int8), axis=0), np.diff(table.astype(np.int8), axis=1)
    if (first < 0).any() or (second > 0).any():
        return "is not a comparison of two pixels"
    slope = boundary_slope(table)
    inverted = slope is not None and slope < 1 - 1 / GREY_LEVELS
    if inverted:
        table, larger, smaller = ~table.T, smaller, larger
    found = fitted_ratio(table)
    if found is None:
        return "compares two pixels, but by no ratio up to 4"
    ratio, inexact = found
    if inexact > MOST_INEXACT:
        return (
            f"compares two pixels, and the ratio {ratio.ratio:.4g} would tell {inexact} pairs of grey levels otherwise"
        )
    return Comparison(larger, smaller, ratio, inverted, inexact)


def _rising(table: np.ndarray, pixels: tuple[Pair, Pair]) -> tuple[np.ndarray, tuple[Pair, Pair]]:
    """The table with the pixel first with which the sign rises."""
    return (table.T, pixels[::-1]) if table[0].sum() > table[-1].sum() else (table, pixels)

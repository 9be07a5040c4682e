"""One-bit maps that compare the light of two pixels, such as gradients: found in a network, and put on the array."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from larq_focal.focal_plane.compiler.layout import Layout
from larq_focal.focal_plane.compiler.light import GREY_LEVELS, OnLight, grey_values, kept_at
from larq_focal.focal_plane.compiler.maps import Maps
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.pixel_ratio import LARGEST, PixelRatio, boundary_slope, fitted_ratio
from larq_focal.focal_plane.compiler.pixel_taps import NotByWindow, on_one_window, pixel_taps
from larq_focal.focal_plane.compiler.shifts import seen_at
from larq_focal.focal_plane.compiler.virtual import Code, Operand
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.ops import Op, Pair

MOST_INEXACT = GREY_LEVELS**2 // 50  # pairs of grey levels that a comparison may tell otherwise
_REGISTERS = 6
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


@dataclass(frozen=True)
class PairInput(OnLight):
    """Every channel compares two pixels of the light; ``image_size`` are the rows and columns of the image."""

    image_size: Pair
    comparisons: tuple[Comparison, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return *self.image_size, 1

    @property
    def inexact(self) -> int:
        """Pairs of grey levels, of all channels, for which the network would tell otherwise."""
        return sum(comparison.inexact for comparison in self.comparisons)

    def emit(self, code: Code, constants: Constants) -> Maps:
        own, moved, *free = code.sensor.analog.storage[:_REGISTERS]
        code.call("load_in", LARGEST)
        code.emit("bus", own, "PIX", "IN")
        channels: dict[Pair, dict[Comparison, list[int]]] = defaultdict(lambda: defaultdict(list))
        for channel, comparison in enumerate(self.comparisons):
            channels[comparison.distance][comparison].append(channel)
        planes: dict[int, Operand] = {}
        for distance, comparisons in channels.items():
            self._move(code, own, moved, distance)
            for comparison, here in comparisons.items():
                pixels = (own, moved) if comparison.larger == comparison.near else (moved, own)
                plane = comparison.ratio.emit(code, *pixels, free)
                plane = seen_at(code, plane, *self._on_array(comparison.near))
                self._add(code, constants, planes, code.nor(plane) if comparison.inverted else plane, here)
        return Maps(self.layout, tuple(planes[index] for index in range(self.layout.planes)))

    def _on_array(self, pixels: Pair) -> Pair:
        return pixels[0] * self.layout.pitch[0], pixels[1] * self.layout.pitch[1]

    def _move(self, code: Code, source: str, target: str, distance: Pair) -> None:
        """Brings ``target`` what ``source`` holds ``distance`` pixels of the image below and to the right."""
        rows, columns = self._on_array(distance)
        steps = ["south" if rows > 0 else "north"] * abs(rows) + ["east" if columns > 0 else "west"] * abs(columns)
        if len(steps) % 2:
            code.emit("movx", target, source, steps.pop())
            source = target
        for first, second in zip(steps[::2], steps[1::2], strict=True):
            code.emit("mov2x", target, source, first, second)
            source = target

    def _add(
        self, code: Code, constants: Constants, planes: dict[int, Operand], plane: Operand, channels: list[int]
    ) -> None:
        """Adds ``plane`` at the places of ``channels``."""
        places = self.layout.places
        for index in sorted({places[channel].plane for channel in channels}):
            here = [places[channel].offset for channel in channels if places[channel].plane == index]
            used = [place.offset for place in places if place.plane == index]
            part = kept_at(code, constants, plane, here, used, self.layout.pitch)
            planes[index] = code.either(planes[index], part) if index in planes else part

    @property
    def summary(self) -> str:
        ratios = ", ".join(f"{ratio:.4g}" for ratio in sorted({c.ratio.ratio for c in self.comparisons}))
        total = GREY_LEVELS**2 * len(self.comparisons)
        return f"the light of two pixels, ratio {ratios}; {self.inexact} of {total} pairs of grey levels inexact"

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": "pairs",
            "name": self.name,
            "shape": list(self.layout.shape),
            "image": list(self.image_size),
            "pixel_range": list(self.pixel_range),
            "comparisons": [comparison.to_dict() for comparison in self.comparisons],
            "inexact_pairs": self.inexact,
        }


def pair_input(
    graph: QuantGraph, op: Op, sensor: Sensor, layout: Layout, pixel_range: tuple[float, float]
) -> PairInput | str:
    """The one-bit value ``op`` as comparisons of two pixels, or why it is none that the array makes."""
    analog = sensor.analog
    if len(analog.storage) < _REGISTERS or not analog.port or (analog.maximum or 0) != LARGEST:
        return f"{sensor.title} has no {_REGISTERS} analog registers of 8 bits that compare pixels"
    found = comparisons(graph, op, pixel_range)
    if isinstance(found, str):
        return found
    layout = replace(layout, is_spread=layout.channels == 1)
    return PairInput(op.name, layout, pixel_range, graph.inputs[0].shape[:2], found)


@lru_cache(maxsize=4)  # a network is lowered again and again
def comparisons(graph: QuantGraph, op: Op, pixel_range: tuple[float, float]) -> tuple[Comparison, ...] | str:
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
        return "is no comparison of two pixels"
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

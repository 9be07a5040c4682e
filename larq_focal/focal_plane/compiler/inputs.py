"""How images get on the array: thresholds on the light of each pixel, or one-bit planes from the controller."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from larq_focal.focal_plane.compiler.counting import alike
from larq_focal.focal_plane.compiler.layout import Layout, Spacing, places_in_blocks
from larq_focal.focal_plane.compiler.maps import Maps
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.shifts import spread
from larq_focal.focal_plane.compiler.tiles import Tiles
from larq_focal.focal_plane.compiler.virtual import Code, Operand, Plane
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.ops import Op, Pair

GREY_LEVELS = 256
PIXEL_LEVELS = 128  # PIX keeps the upper 7 bits of the light


@dataclass(frozen=True)
class LightInput:
    """One-bit maps of the light on each pixel; channel c is 1 from grey level ``2 * levels[c]`` on, or up to there.

    ``pixel_range`` are the network's values for no light and for the brightest. ``inexact`` counts the grey levels,
    of all channels, for which the network would tell otherwise.
    """

    name: str
    layout: Layout
    pixel_range: tuple[float, float]
    levels: tuple[int, ...] = ()
    falls: tuple[bool, ...] = ()
    inexact: int = 0

    def emit(self, code: Code, constants: Constants) -> Maps:
        flag = code.sensor.digital.flag
        parts: list[Operand] = []
        used = [place.offset for place in self.layout.places]
        for level in sorted(set(self.levels)):
            here = [
                place.offset for place, other in zip(self.layout.places, self.levels, strict=True) if other == level
            ]
            code.call("load_in", PIXEL_LEVELS - level)
            code.emit("where", "PIX", "IN")
            part = Plane("light")
            code.emit("MOV", part, *flag)
            code.emit("ALL")
            if self.layout.tiles:
                part = _in_all_tiles(code, constants, part, self.layout)
            if len(here) < len(used):
                chosen = code.nor(constants.one_plane(here, used, self.layout.spacing))
                part = code.nor(code.nor(part), chosen)
            parts.append(part)
            if len(parts) > 1:
                parts = [code.either(*parts)]
        plane = parts[0]
        falling = [place.offset for place, falls in zip(self.layout.places, self.falls, strict=True) if falls]
        if falling:
            plane = _inverted_at(code, constants, plane, falling, used, self.layout.spacing)
        return Maps(self.layout, (plane,), is_clean=bool(self.layout.tiles) and not falling)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.layout.height, self.layout.width, 1

    def light(self, image: np.ndarray, array: Pair) -> np.ndarray:
        """Grey levels ``[height, width]`` of the array for an image ``[height, width]``: every pixel fills its block.

        In tiled placement the light falls on the first tile.

        Args:
            image: integers are grey levels from 0 to 255, anything else values of the network.
            array: rows and columns of the array.
        """
        if not np.issubdtype(image.dtype, np.integer):
            low, high = self.pixel_range
            image = np.rint((image - low) / (high - low) * (GREY_LEVELS - 1))
        grown = self.layout.grown(np.clip(image, 0, GREY_LEVELS - 1).astype(np.int16))
        light = np.zeros(array, np.int16)
        light[: grown.shape[0], : grown.shape[1]] = grown
        return light

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": "light",
            "name": self.name,
            "shape": list(self.layout.shape),
            "pixel_range": list(self.pixel_range),
            "levels": list(self.levels),
            "inexact_grey_levels": self.inexact,
        }


@dataclass(frozen=True)
class PlaneInput:
    """One-bit maps that the controller loads, as ``<name>_<plane>``."""

    name: str
    layout: Layout

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.layout.shape

    def emit(self, code: Code, constants: Constants) -> Maps:
        planes = tuple(code.loaded("load_plane", f"{self.name}_{index}") for index in range(self.layout.planes))
        return Maps(self.layout, planes, is_clean=True)

    def planes(self, values: np.ndarray, array: Pair) -> dict[str, np.ndarray]:
        """The planes of a value ``[height, width, channels]`` by their names; ones where it is above 0."""
        return {f"{self.name}_{i}": plane for i, plane in enumerate(self.layout.planes_of(values > 0, array))}

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "planes", "name": self.name, "shape": list(self.layout.shape)}


def chosen_input(
    graph: QuantGraph, op: Op, sensor: Sensor, placement: int | Tiles, pixel_range: tuple[float, float]
) -> LightInput | PlaneInput:
    """How the one-bit value ``op`` gets on the array: by the light on its own pixel where that decides it.

    ``placement``: the pitch of blocks, or tiles.
    """
    layout = _layout(*op.shape, placement)
    height, width, channels = op.shape
    sees_light = bool(sensor.digital.flag) and sensor.analog.maximum is not None
    is_grey = [source.shape for source in graph.inputs] == [(height, width, 1)]
    if sees_light and is_grey and layout.planes == 1:
        table = grey_to_bits(graph, op, pixel_range)
        levels = light_levels(table) if table is not None else None
        if levels:
            return LightInput(op.name, replace(layout, is_spread=channels == 1), pixel_range, *levels)
    return PlaneInput(op.name, replace(layout, is_spread=layout.tiles is not None and channels == 1))


def _layout(height: int, width: int, channels: int, placement: int | Tiles) -> Layout:
    if isinstance(placement, Tiles):
        return Layout(height, width, (1, 1), places_in_blocks(channels, placement.grid), tiles=placement)
    return Layout(height, width, (placement, placement), places_in_blocks(channels, (placement, placement)))


def _in_all_tiles(code: Code, constants: Constants, plane: Operand, layout: Layout) -> Plane:
    """What lies in the first tile, where the light falls, in all tiles, and 0 around it."""
    outside = code.nor(constants.rectangle(layout.height, layout.width))
    rows, columns = (count - 1 for count in layout.tiles.grid)
    return spread(code, code.nor(code.nor(plane), outside), (0, rows), (0, columns), layout.tiles.size)


def grey_to_bits(graph: QuantGraph, op: Op, pixel_range: tuple[float, float]) -> np.ndarray | None:
    """The value of ``op`` for every grey level, ``[256, channels]``, if it depends on its own pixel only, else None."""
    source = graph.inputs[0]
    height, width, _ = source.shape
    low, high = pixel_range
    greys = (low + (high - low) * np.arange(GREY_LEVELS) / (GREY_LEVELS - 1)).astype(np.float32)
    rng = np.random.default_rng(0)
    pixels = rng.permuted(np.tile(np.arange(GREY_LEVELS), (height * width, 1)), axis=1).T  # every grey at every pixel
    images = greys[pixels].reshape(GREY_LEVELS, height, width, 1)
    values = interpret(graph, images, [op.name])[op.name] > 0
    if values.shape[1:3] != (height, width):
        return None
    table = np.empty((GREY_LEVELS, values.shape[-1]), bool)
    table[pixels[:, 0]] = values[:, 0, 0]
    return table if np.array_equal(values, table[pixels.reshape(GREY_LEVELS, height, width)]) else None


def light_levels(table: np.ndarray) -> tuple[tuple[int, ...], tuple[bool, ...], int] | None:
    """The level of the pixel, 0 to 128, from which each channel changes; whether it falls; how many greys differ.

    None where a channel changes more than once.
    """
    if (np.count_nonzero(np.diff(table.astype(int), axis=0), axis=0) > 1).any():
        return None
    falls = table[0]
    rising = table ^ falls
    steps = np.where(rising.any(0), rising.argmax(0), GREY_LEVELS)
    levels = (steps + 1) // 2
    return tuple(levels.tolist()), tuple(falls.tolist()), int((2 * levels - steps).sum())


def _inverted_at(
    code: Code, constants: Constants, plane: Operand, places: list[Pair], used: list[Pair], spacing: Spacing
) -> Operand:
    if len(places) == len(used):
        return code.nor(plane)
    return alike(code, plane, constants.places(places, used, spacing), invert=True)

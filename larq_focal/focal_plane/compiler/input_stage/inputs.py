"""How images get on the array: by the light on one or two pixels, or as one-bit planes from the controller."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane
from larq_focal.focal_plane.compiler.input_stage.light import (
    GREY_LEVELS,
    LIGHT_REGISTERS,
    PIXEL_LEVELS,
    OnLight,
    grey_values,
    in_all_tiles,
    kept_at,
    minus_light,
    tested,
)
from larq_focal.focal_plane.compiler.input_stage.pair_input import PairInput, pair_input
from larq_focal.focal_plane.compiler.layers.count import alike
from larq_focal.focal_plane.compiler.placement.layout import Layout, Spacing, places_in_blocks
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.tiles import Tiles
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.ops import Activation, Add, Affine, Binarize, Linear, Op, Pair


@dataclass(frozen=True)
class LightInput(OnLight):
    """One-bit maps of the light on each pixel; channel c is 1 from grey level ``2 * levels[c]`` on, or up to there.

    ``inexact`` counts the grey levels, of all channels, for which the network would tell otherwise.
    """

    levels: tuple[int, ...] = ()
    falls: tuple[bool, ...] = ()
    inexact: int = 0

    def emit(self, code: Code, constants: Constants) -> Maps:
        parts: list[Operand] = []
        minus = minus_light(code)
        used = [place.offset for place in self.layout.places]
        for level in sorted(set(self.levels)):
            here = [
                place.offset for place, other in zip(self.layout.places, self.levels, strict=True) if other == level
            ]
            part = in_all_tiles(code, constants, _from_level(code, minus, level), self.layout)
            parts.append(kept_at(code, constants, part, here, used, self.layout.spacing))
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

    @property
    def summary(self) -> str:
        levels = GREY_LEVELS * len(self.levels)
        return f"the light of single pixels; {self.inexact} of {levels} grey levels inexact"

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
    """One-bit maps that the controller loads, as ``<name>_<plane>``; ``reason`` tells why the light gives none."""

    name: str
    layout: Layout
    reason: str = ""
    sees_light: ClassVar[bool] = False

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
        return {"kind": "planes", "name": self.name, "shape": list(self.layout.shape), "reason": self.reason}

    @property
    def summary(self) -> str:
        return f"planes of the controller: {self.reason}" if self.reason else "planes of the controller"


ArrayInput = LightInput | PairInput | PlaneInput


def chosen_input(
    graph: QuantGraph, op: Op, sensor: Sensor, placement: int | Tiles, pixel_range: tuple[float, float]
) -> ArrayInput:
    """How the one-bit value ``op`` gets on the array: by the light on one or two pixels where that decides it.

    ``placement``: the pitch of blocks, or tiles.
    """
    height, width, channels = op.shape
    layout = _layout(height, width, channels, placement)

    def loaded(reason: str) -> PlaneInput:
        return PlaneInput(op.name, replace(layout, is_spread=layout.tiles is not None and channels == 1), reason)

    analog = sensor.analog
    has_registers = bool(analog.port) and len(analog.storage) >= LIGHT_REGISTERS and analog.maximum is not None
    if not sensor.digital.flag or not has_registers:
        return loaded(f"no instruction of {sensor.title} compares light")
    if len(graph.inputs) > 1 or graph.inputs[0].shape[2:] != (1,):
        return loaded("the image has more than one channel")
    if graph.inputs[0].shape == (height, width, 1) and (table := grey_to_bits(graph, op, pixel_range)) is not None:
        levels = light_levels(table)
        if levels is None:
            return loaded("it changes more than once from dark to bright")
        if layout.planes > 1:
            return loaded(f"its {channels} channels take {layout.planes} planes")
        return LightInput(op.name, replace(layout, is_spread=channels == 1), pixel_range, *levels)
    found = pair_input(graph, op, sensor, layout, pixel_range)
    return loaded(found) if isinstance(found, str) else found


def _layout(height: int, width: int, channels: int, placement: int | Tiles) -> Layout:
    if isinstance(placement, Tiles):
        return Layout(height, width, (1, 1), places_in_blocks(channels, placement.grid), tiles=placement)
    return Layout(height, width, (placement, placement), places_in_blocks(channels, (placement, placement)))


def is_encoded_again(graph: QuantGraph, op: Op, on_controller: Set[str]) -> bool:
    """Whether only values of several bits are made of the one-bit value ``op``, and those binarized before a layer.

    Then it is a step of the encoding, and what is binarized last goes to the array. A sum whose sign is all that is
    wanted is not such a value, for the array can merge its maps.
    """
    consumers = [] if op.name in graph.outputs else graph.consumers(op.name)
    return bool(consumers) and all(
        isinstance(consumer, Affine | Activation | Add)
        and consumer.name not in on_controller
        and not (isinstance(consumer, Add) and [type(after) for after in graph.consumers(consumer.name)] == [Binarize])
        and _is_binarized(graph, consumer)
        for consumer in consumers
    )


def _is_binarized(graph: QuantGraph, op: Op) -> bool:
    if graph.bits(op.name) == 1:
        return True
    if op.name in graph.outputs or not _is_of_image(graph, op):
        return False
    consumers = graph.consumers(op.name)
    return bool(consumers) and all(_is_binarized(graph, after) for after in consumers)


def _is_of_image(graph: QuantGraph, op: Op) -> bool:
    """Whether no layer has a part in the value."""
    return not isinstance(op, Linear) and all(_is_of_image(graph, graph[name]) for name in op.inputs)


def grey_to_bits(graph: QuantGraph, op: Op, pixel_range: tuple[float, float]) -> np.ndarray | None:
    """The value of ``op`` for every grey level, ``[256, channels]``, if it depends on its own pixel only, else None."""
    source = graph.inputs[0]
    height, width, _ = source.shape
    greys = grey_values(pixel_range)
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


def _from_level(code: Code, minus: str, level: int) -> Plane:
    """Where the light reaches ``level``, 1 to 128, the last of which it never does."""
    if level < PIXEL_LEVELS:
        code.call("load_in", level)
        return tested(code, minus, "IN", inverted=True)
    nothing = Plane("no light")
    code.emit("CLR", nothing)
    return nothing


def _inverted_at(
    code: Code, constants: Constants, plane: Operand, places: list[Pair], used: list[Pair], spacing: Spacing
) -> Operand:
    if len(places) == len(used):
        return code.nor(plane)
    return alike(code, plane, constants.places(places, used, spacing), invert=True)

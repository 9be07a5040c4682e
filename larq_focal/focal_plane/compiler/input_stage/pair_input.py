"""One-bit maps that the array makes by comparing the light of two pixels."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand
from larq_focal.focal_plane.compiler.input_stage.light import GREY_LEVELS, OnLight, in_all_tiles, kept_at, minus_light
from larq_focal.focal_plane.compiler.input_stage.pixel_pairs import Comparison, pair_comparisons
from larq_focal.focal_plane.compiler.input_stage.pixel_ratio import LARGEST
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.shifts import seen_at
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Op, Pair

_REGISTERS = 6


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
        own = minus_light(code)
        _, moved, *free = code.sensor.analog.storage[:_REGISTERS]
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
                plane = code.nor(plane) if comparison.inverted else plane
                self._add(code, constants, planes, in_all_tiles(code, constants, plane, self.layout), here)
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
            part = kept_at(code, constants, plane, here, used, self.layout.spacing)
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
    found = pair_comparisons(graph, op, pixel_range)
    if isinstance(found, str):
        return found
    layout = replace(layout, is_spread=layout.channels == 1)
    return PairInput(op.name, layout, pixel_range, graph.inputs[0].shape[:2], found)

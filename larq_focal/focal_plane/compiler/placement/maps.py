"""Values of the network that lie on the array."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.walls import Walls
from larq_focal.network.ops import Pair


@dataclass(frozen=True)
class Maps:
    """One-bit maps: 1 stands for +1, 0 for -1.

    ``is_clean``: all pixels of the array beyond the maps hold 0, as those that shift in from past its border do.
    """

    layout: Layout
    planes: tuple[Operand, ...]
    is_clean: bool = False

    def cleaned(self, code: Code, constants: Constants) -> Maps:
        """The same maps with 0 beyond."""
        (rows, columns), tiles = self.layout.extent, self.layout.tiles
        height, width = tiles.size if tiles else constants.shape
        if self.is_clean or (rows >= height and columns >= width):
            return replace(self, is_clean=True)
        if tiles:
            parts = constants.rows(rows, height - 1, height), constants.columns(columns, width - 1, width)
            outside = [code.either(*part) if len(part) > 1 else part[0] for part in parts if part]
        else:
            outside = [code.nor(constants.rectangle(rows, columns))]
        planes = tuple(code.nor(code.nor(plane), *outside) for plane in self.planes)
        return replace(self, planes=planes, is_clean=True)


@dataclass(frozen=True)
class Counts:
    """Sums that go on as they are: per plane of the layout the bits of the count, lowest first.

    A count p stands for the sum ``2 p - offsets``, with ``offsets`` ``[height, width, channels]``.
    """

    layout: Layout
    planes: tuple[tuple[Operand, ...], ...]
    offsets: np.ndarray


def reads_other_tiles(layout: Layout, pads: tuple[Pair, Pair]) -> bool:
    """Whether windows that reach over the maps by ``pads`` come to the maps of other tiles, past what lies between."""
    if not layout.tiles:
        return False
    margins = (size - extent for size, extent in zip(layout.tiles.size, layout.extent, strict=True))
    return any(max(pad) * pitch > room for pad, pitch, room in zip(pads, layout.pitch, margins, strict=True))


def walls_of(code: Code, constants: Constants, layout: Layout, is_needed: bool) -> AbstractContextManager[Walls | None]:
    """Walls between the tiles of ``layout`` where they are needed."""
    return Walls.built(code, constants, layout.tiles.size) if is_needed else nullcontext()


def can_be_joined(values: Sequence[object]) -> bool:
    """Whether all are maps whose pixels lie alike."""
    return all(isinstance(value, Maps) and value.layout.pitch == values[0].layout.pitch for value in values)


def joined(values: Sequence[Maps]) -> Maps:
    """Channels of several values behind each other, every value in its own planes."""
    places, planes = [], []
    for value in values:
        places += [replace(place, plane=place.plane + len(planes)) for place in value.layout.places]
        planes += value.planes
    layout = replace(values[0].layout, places=tuple(places), is_spread=False)
    return Maps(layout, tuple(planes), all(value.is_clean for value in values))

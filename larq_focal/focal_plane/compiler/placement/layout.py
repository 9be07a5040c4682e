"""Where the maps of a value lie on the array: interleaved in blocks of pixels, or side by side in tiles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from larq_focal.focal_plane.compiler.placement.tiles import Tiles
from larq_focal.network.ops import Pair


@dataclass(frozen=True)
class Place:
    """The place of one channel: its plane, and its row and column within each block, or in the grid of tiles."""

    plane: int
    row: int
    column: int

    @property
    def offset(self) -> Pair:
        return self.row, self.column


@dataclass(frozen=True)
class Spacing:
    """How places lie: each is ``unit`` rows and columns of the array large, and they repeat every ``period`` of them.

    Without a period they do not repeat.
    """

    unit: Pair
    period: Pair | None


@dataclass(frozen=True)
class Layout:
    """Element (y, x, c) lies in plane ``places[c].plane``, ``pitch`` times (y, x) from the place of channel c.

    Interleaved, without ``tiles``, the scene falls on the whole array, so that maps of one channel need not be copied
    to be seen by others, and a stride or pooling leaves more room for channels. Tiles have to be filled by shifts over
    whole maps; but then all weights of a channel lie in one place and may come from there.
    ``is_spread``: the plane has the one channel at all places.
    """

    height: int
    width: int
    pitch: Pair
    places: tuple[Place, ...]
    is_spread: bool = False
    tiles: Tiles | None = None

    @property
    def channels(self) -> int:
        return len(self.places)

    @property
    def planes(self) -> int:
        return 1 + max(place.plane for place in self.places)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def spacing(self) -> Spacing:
        return Spacing(self.tiles.size, None) if self.tiles else Spacing((1, 1), self.pitch)

    @property
    def room(self) -> Pair:
        """Rows and columns of places in a plane."""
        return self.tiles.grid if self.tiles else self.pitch

    @property
    def extent(self) -> Pair:
        """Rows and columns from the corner of the array, or of a tile, to the end of the last element in use."""
        if self.tiles:
            return (self.height - 1) * self.pitch[0] + 1, (self.width - 1) * self.pitch[1] + 1
        rows = (self.height - 1) * self.pitch[0] + self.block[0]
        return rows, (self.width - 1) * self.pitch[1] + self.block[1]

    @property
    def block(self) -> Pair:
        """Rows and columns that the places of the channels span; all of a block that is spread."""
        if self.is_spread:
            return self.pitch
        return 1 + max(place.row for place in self.places), 1 + max(place.column for place in self.places)

    def planes_of(self, values: np.ndarray, array: Pair) -> np.ndarray:
        """Truth values ``[planes, *array]`` of a value ``[height, width, channels]``; 0 where nothing lies."""
        planes = np.zeros((self.planes, *array), bool)
        for channel, place in enumerate(self.places):
            if self.is_spread and self.tiles:
                for row, column in product(*map(range, self.tiles.grid)):
                    self._of_channel(planes[place.plane], Place(0, row, column))[:] = values[..., channel]
            elif self.is_spread:
                grown = self.grown(values[..., channel])
                planes[place.plane, : grown.shape[0], : grown.shape[1]] = grown
            else:
                self._of_channel(planes[place.plane], place)[:] = values[..., channel]
        return planes

    def value_of(self, planes: np.ndarray) -> np.ndarray:
        """The value ``[height, width, channels]`` in planes ``[planes, rows, columns]``."""
        return np.stack([self._of_channel(planes[place.plane], place) for place in self.places], -1)

    def grown(self, image: np.ndarray) -> np.ndarray:
        """``[height, width]`` with every pixel repeated over its block, if there are blocks."""
        if self.tiles:
            return image
        return np.repeat(np.repeat(image, self.pitch[0], 0), self.pitch[1], 1)

    def _of_channel(self, plane: np.ndarray, place: Place) -> np.ndarray:
        (rows, columns), (down, right) = self.pitch, self.spacing.unit
        return plane[place.row * down :: rows, place.column * right :: columns][: self.height, : self.width]


def places_in_blocks(channels: int, block: Pair) -> tuple[Place, ...]:
    """Channels row by row in a square as small as holds them, and in further planes where ``block`` is too small.

    ``block``: rows and columns of places in a plane, see ``Layout.room``.
    """
    side = 1
    while side * side < channels:
        side *= 2  # powers of two need the fewest patterns
    rows, columns = min(side, block[0]), min(side, block[1])
    return tuple(
        Place(channel // (rows * columns), channel % (rows * columns) // columns, channel % columns)
        for channel in range(channels)
    )

"""Maps side by side: every channel of a value in a tile of the array of its own."""

from __future__ import annotations

from dataclasses import dataclass

from larq_focal.focal_plane.compiler.placement.pitch import largest_map
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Pair

_LEAST = 4  # rows or columns: a tile has walls, and something between them


@dataclass(frozen=True)
class Tiles:
    """Tiles of ``size`` rows and columns, powers of two, of which ``grid`` rows and columns are in use."""

    size: Pair
    grid: Pair


def tiles_for(graph: QuantGraph, sensor: Sensor) -> Tiles:
    """The smallest tiles that hold the largest maps, as many as the channels of the network's convolutions ask for.

    Raises:
        UnsupportedError: there is no room for two tiles, no layer that has use for them, or no register for walls.
    """
    size = tuple(max(_LEAST, 1 << (side - 1).bit_length()) for side in largest_map(graph))
    room = sensor.height // size[0], sensor.width // size[1]
    convolutions = graph.convolutions
    channels = max((graph[name].shape[-1] for op in convolutions for name in (op.name, *op.inputs)), default=1)
    if room[0] * room[1] < 2 or channels < 2:
        raise UnsupportedError(
            f"'{graph.name}' has no use for tiles of {size[0]}x{size[1]} pixels on {sensor.height}x{sensor.width}: "
            "place its channels interleaved."
        )
    if not (sensor.digital.mask and sensor.digital.propagation):
        raise UnsupportedError(f"{sensor.name} has no mask register to part tiles with: place channels interleaved.")
    side = 1
    while side * side < channels:
        side *= 2
    return Tiles(size, (min(side, room[0]), min(side, room[1])))

"""How far apart the pixels of a network lie on the array."""

from __future__ import annotations

import math

from larq_focal.focal_plane.compiler.controller_part import on_controller
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Conv2D, Pair, Pool2D


def largest_map(graph: QuantGraph) -> Pair:
    """Rows and columns that hold every value of the network but those of the controller behind the array.

    Not only images are maps: a signal may be laid out as one, and inputs may differ in size.
    """
    behind = on_controller(graph)
    shapes = [op.shape for op in graph if len(op.shape) == 3 and op.name not in behind]
    return max((shape[0] for shape in shapes), default=1), max((shape[1] for shape in shapes), default=1)


def base_pitch(graph: QuantGraph, sensor: Sensor) -> int:
    """The pitch of the largest maps: the smallest at which the channels of all layers take as few planes as they can.

    Raises:
        UnsupportedError: the image, or what becomes of it, is larger than the array.
    """
    height, width = largest_map(graph)
    largest = min(sensor.height // height, sensor.width // width)
    if not largest:
        raise UnsupportedError(
            f"'{graph.inputs[0].name}' of '{graph.name}' takes {height}x{width} pixels, and the array of {sensor.name} "
            f"has {sensor.height}x{sensor.width}: take a smaller image or another sensor."
        )
    strides: dict[str, int] = {}
    blocks: list[tuple[int, int]] = []  # channels of a layer, and by how much its blocks are larger than the first
    for op in graph:
        before = min((strides[name] for name in op.inputs), default=1)
        strides[op.name] = before * (min(op.strides) if isinstance(op, Conv2D | Pool2D) else 1)
        if isinstance(op, Conv2D) or graph.bits(op.name) == 1:
            blocks.append((op.shape[-1], before))

    def cost(pitch: int) -> tuple[int, bool, int]:
        side = [
            min(1 << (math.isqrt(channels - 1)).bit_length() if channels > 1 else 1, pitch * times)
            for channels, times in blocks
        ]
        planes = sum(-(-channels // (edge * edge)) for (channels, _), edge in zip(blocks, side, strict=True))
        return planes, pitch & (pitch - 1) != 0, pitch

    powers = [1 << power for power in range(largest.bit_length())]
    return min((*powers, largest), key=cost)

"""How far apart the pixels of a network lie on the array."""

from __future__ import annotations

import math

from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.network.graph import QuantGraph
from larq_focal.network.ops import Conv2D, Pool2D


def base_pitch(graph: QuantGraph, sensor: Sensor) -> int:
    """The pitch of the input: the smallest at which the channels of all layers take as few planes as they can.

    Raises:
        UnsupportedError: the image is larger than the array.
    """
    source = graph.inputs[0]
    height, width = source.shape[:2] if len(source.shape) == 3 else (1, 1)
    largest = min(sensor.height // height, sensor.width // width)
    if not largest:
        raise UnsupportedError(
            f"'{source.name}' of '{graph.name}' is {height}x{width} pixels, and the array of {sensor.name} "
            f"{sensor.height}x{sensor.width}: take a smaller image or another sensor."
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

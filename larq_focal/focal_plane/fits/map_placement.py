"""Where the maps of a layer lie on the array: tiles for single channels, interleaved pixels for several."""

from __future__ import annotations

import math
from dataclasses import dataclass

from larq_focal.focal_plane.fits.conv_layer import ConvLayer
from larq_focal.focal_plane.sensor import Sensor


@dataclass(frozen=True)
class Placement:
    """``maps_per_plane`` maps share one plane; ``input_planes`` and ``output_planes`` hold one bit of all maps.

    ``pitch`` is the distance in pixels of neighbours in one map: 1 in tiles, the side of a block of interleaved
    channels otherwise. ``passes`` is how often the layer runs until all output maps are there.
    """

    maps_per_plane: int
    input_planes: int
    output_planes: int
    pitch: int

    @property
    def passes(self) -> int:
        return self.output_planes


def maps_per_plane(height: int, width: int, sensor: Sensor) -> int:
    """Maps of ``height`` x ``width`` pixels that fit on the array side by side; 0 where not even one does."""
    return (sensor.height // height) * (sensor.width // width)


def place(layer: ConvLayer, sensor: Sensor) -> Placement | None:
    """Places the input and output maps of ``layer``, or returns None where one map is larger than the array.

    Output maps stay at the pitch of the input, however the layer strides or pools.
    """
    maps = maps_per_plane(layer.height, layer.width, sensor)
    if maps == 0:
        return None
    side = min(sensor.height // layer.height, sensor.width // layer.width)
    return Placement(
        maps_per_plane=maps,
        input_planes=-(-layer.in_channels // maps),
        output_planes=-(-layer.out_channels // maps),
        pitch=min(side, math.isqrt(layer.channels_per_group - 1) + 1),
    )

"""Max-pooling of one-bit maps: the OR over a window."""

from __future__ import annotations

from dataclasses import replace

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.maps import Maps, reads_other_tiles, walls_of
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.shifts import seen_at
from larq_focal.focal_plane.compiler.placement.walls import Walls
from larq_focal.network.conv_arithmetic import same_pads
from larq_focal.network.ops import Pair, Pool2D


def pooled(code: Code, constants: Constants, maps: Maps, op: Pool2D) -> Maps:
    """The maximum over windows; what is outside of the maps must be 0 where windows reach there."""
    layout = maps.layout
    pads = pool_pads(op, layout)
    with walls_of(code, constants, layout, reads_other_tiles(layout, pads)) as walls:
        planes = tuple(_pooled_plane(code, plane, op.size, pads, layout.pitch, walls) for plane in maps.planes)
    pitch = layout.pitch[0] * op.strides[0], layout.pitch[1] * op.strides[1]
    return Maps(replace(layout, height=op.shape[0], width=op.shape[1], pitch=pitch, is_spread=False), planes)


def pool_pads(op: Pool2D, layout: Layout) -> tuple[Pair, Pair]:
    if op.padding == "valid":
        return (0, 0), (0, 0)
    return same_pads((layout.height, layout.width), op.size, op.strides)


def _pooled_plane(
    code: Code, plane: Operand, size: Pair, pads: tuple[Pair, Pair], pitch: Pair, walls: Walls | None
) -> Operand:
    plane = _along(code, plane, size[1], pads[1][0], (0, pitch[1]), walls)
    return _along(code, plane, size[0], pads[0][0], (pitch[0], 0), walls)


def _along(code: Code, plane: Operand, size: int, before: int, step: Pair, walls: Walls | None) -> Operand:
    """The OR over ``size`` neighbours ``step`` apart, from ``before`` of them before the pixel on."""
    result = plane
    for direction, count in ((1, size - 1 - before), (-1, before)):
        moved = plane
        for _ in range(count):
            moved = seen_at(code, moved, direction * step[0], direction * step[1], walls)
            result = code.either(result, moved)
    return result

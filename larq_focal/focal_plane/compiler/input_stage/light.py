"""Light on the array, and what every input that looks at it shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane, Statement
from larq_focal.focal_plane.compiler.placement.layout import Layout, Spacing
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.shifts import spread
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.network.ops import Pair

GREY_LEVELS = 256
PIXEL_LEVELS = 128  # PIX keeps the upper 7 bits of the light


def grey_values(pixel_range: tuple[float, float]) -> np.ndarray:
    """The network's input values for the grey levels 0 to 255."""
    low, high = pixel_range
    return (low + (high - low) * np.arange(GREY_LEVELS) / (GREY_LEVELS - 1)).astype(np.float32)


@dataclass(frozen=True)
class OnLight:
    """One-bit maps that the array makes of the light on its pixels, which stays there until they are reset.

    ``pixel_range`` are the network's values for no light and for the brightest.
    """

    name: str
    layout: Layout
    pixel_range: tuple[float, float]
    sees_light: ClassVar[bool] = True

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


def tested(code: Code, *registers: str, inverted: bool = False) -> Plane:
    """Where the sum of analog registers is above 0, or is not."""
    code.emit("where", *registers)
    plane = Plane("light")
    code.emit("NOT" if inverted else "MOV", plane, *code.sensor.digital.flag)
    code.emit("ALL")
    return plane


LIGHT_REGISTERS = 2  # that ``minus_light`` takes


def minus_light(code: Code) -> str:
    """The analog register of minus the light, 0 to -127, which is read once a frame, for that resets the pixels.

    The light is what ``get_image`` gives: PIX less its reset level, which is every pixel's own.
    """
    kept, other = code.sensor.analog.storage[:LIGHT_REGISTERS]
    if not code.has_light:
        code.emit("get_image", other)
        code.emit("bus", kept, other)
        code.has_light = True
    elif any(not statement.is_call and kept in statement.operands[:1] for statement in _since_light(code)):
        raise UnsupportedError(f"the light is looked at again, when {kept} holds other values: count digitally.")
    return kept


def _since_light(code: Code) -> Iterator[Statement]:
    """The instructions behind the one that read the light, but for tests of its register."""
    names = [statement.name for statement in code.statements]
    behind = code.statements[names.index("get_image") + 2 :]
    return (statement for statement in behind if statement.name != "where")


def in_all_tiles(code: Code, constants: Constants, plane: Operand, layout: Layout) -> Operand:
    """What lies in the first tile, where the light falls, in all tiles, and 0 around it; as it is without tiles."""
    if not layout.tiles:
        return plane
    outside = code.nor(constants.rectangle(layout.height, layout.width))
    rows, columns = (count - 1 for count in layout.tiles.grid)
    return spread(code, code.nor(code.nor(plane), outside), (0, rows), (0, columns), layout.tiles.size)


def kept_at(
    code: Code, constants: Constants, plane: Operand, places: Sequence[Pair], used: Sequence[Pair], spacing: Spacing
) -> Operand:
    """``plane`` at ``places``, and 0 at the others in ``used``."""
    if len(places) == len(used):
        return plane
    chosen = code.nor(constants.one_plane(places, used, spacing))
    return code.nor(code.nor(plane), chosen)

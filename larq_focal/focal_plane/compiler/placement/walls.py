"""Walls between tiles: what shifts and floods must not cross, kept in the mask register for a whole layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.network.ops import Pair


class Walls:
    """The first row and column of each tile are 0 in the mask register (R0), and its other pixels 1.

    The mask register cannot count as one of those that hold planes while the propagation register (R12) is written,
    so that it holds the walls at no cost. From its neighbours each pixel knows whether it lies at one of the four
    edges of its tile. R12 is 0 on the walls, for nothing is written there.
    """

    def __init__(self, code: Code, tile: Pair):
        self._code = code
        reach = code.sensor.conventions.flood_reach
        self._floods = 1 if reach is None else -(-(sum(tile) - 2) // reach)
        self._digital = code.sensor.digital
        (self._mask, *_), (self._spread, *_) = self._digital.mask, self._digital.propagation
        self._direction = dict(zip(DIRECTIONS, self._digital.direction, strict=True))

    @classmethod
    @contextmanager
    def built(cls, code: Code, constants: Constants, tile: Pair) -> Iterator[Walls]:
        """Walls that stand as long as the context lasts; nothing else is placed in R0 and R12 there.

        Args:
            code: where the instructions go.
            constants: loads the first rows and columns.
            tile: rows and columns of a tile, powers of two.
        """
        walls = cls(code, tile)
        code.emit("SET", walls._mask)
        with code.keeping(walls._mask, walls._spread):
            code.emit("CLR", walls._spread)
            code.emit("NOR", walls._mask, *constants.rows(0, 0, tile[0]), *constants.columns(0, 0, tile[1]))
            yield walls

    def direct(self, direction: str) -> None:
        """Selects the neighbour in ``direction`` where it belongs to the same tile, and else none.

        A pixel lies in the first row where neither itself nor its east neighbour is within the walls, and in the last
        row where this is true of its south neighbour; columns alike.
        """
        code, along = self._code, {"north": "east", "south": "east", "west": "south", "east": "south"}[direction]
        code.emit("CLR", *self._direction.values())
        code.emit("SET", self._direction[along])
        beside = Plane("beside")
        code.emit("DNEWS0", beside, self._mask)
        if direction in ("north", "west"):
            code.emit("CLR", self._direction[along])
            code.emit("OR", self._direction[direction], beside, self._mask)
            return
        not_first = code.either(beside, self._mask)
        code.emit("CLR", self._direction[along])
        code.emit("SET", self._direction[direction])
        not_last = Plane("not last")
        code.emit("DNEWS0", not_last, not_first)
        code.emit("MOV", self._direction[direction], not_last)

    def flooded(self, plane: Operand) -> Plane:
        """The inverse of what ``plane`` holds at the first pixel within the walls of a tile, all over this tile.

        PROP spreads it within the walls; from there it is copied to them, northwards and then westwards.
        """
        code, direction = self._code, self._direction
        if code.is_frugal:
            plane = code.either(plane)  # copies may lie in FLAG
        code.split()
        code.emit("CLR", *direction.values())
        code.emit("SET", direction["north"], direction["west"])
        elsewhere = Plane("elsewhere")  # pixels within the walls, but for the first, have one to the north or west
        code.emit("DNEWS0", elsewhere, self._mask)
        code.emit("NOR", self._spread, plane, elsewhere)
        code.emit("SET", *direction.values())
        for _ in range(self._floods):
            code.emit("PROP0")
        filled: Operand = self._spread
        for target, others in (("south", ("west", "north", "east")), ("east", ("south",))):
            code.emit("CLR", *(direction[name] for name in others))
            if target == "east":
                code.emit("SET", direction[target])
            copied = Plane("copied")
            code.emit("DNEWS0", copied, filled)
            if code.is_frugal:
                code.emit("OR", copied, filled)
                filled = code.either(copied)
            else:
                filled = code.either(copied, filled)
        code.split()
        return filled

"""Moving planes over the array, and walking a window over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from larq_focal.focal_plane.compiler.virtual import Code, Operand, Plane
from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.network.ops import Pair


def seen_at(code: Code, plane: Operand, rows: int = 0, columns: int = 0) -> Operand:
    """What each pixel sees ``rows`` below and ``columns`` to the right of it; zeros come in from past the border."""
    plane = _seen_along(code, plane, rows, ("north", "south"))
    return _seen_along(code, plane, columns, ("west", "east"))


def _seen_along(code: Code, plane: Operand, distance: int, directions: Sequence[str]) -> Operand:
    if not distance:
        return plane
    registers = code.sensor.digital.direction
    code.emit("CLR", *registers)
    code.emit("SET", registers[DIRECTIONS.index(directions[distance > 0])])
    for _ in range(abs(distance)):
        moved = Plane("shifted")
        code.emit("DNEWS0", moved, plane)
        plane = moved
    return plane


def spread(code: Code, plane: Plane, rows: Pair, columns: Pair) -> None:
    """ORs into ``plane`` what lies up to ``rows`` above and below and ``columns`` to the left and right of each pixel.

    Args:
        rows: how far ones get up and down.
        columns: how far ones get to the left and to the right.
    """
    for distance, down, right in ((rows[0], 1, 0), (rows[1], -1, 0), (columns[0], 0, 1), (columns[1], 0, -1)):
        reached = 0
        while reached < distance:
            step = min(reached + 1, distance - reached)
            code.split()
            code.emit("OR", plane, seen_at(code, plane, down * step, right * step))
            reached += step
    code.split()


def window(code: Code, plane: Operand, rows: Sequence[int], columns: Sequence[int]) -> Iterator[tuple[Pair, Operand]]:
    """The plane as seen at all rows and columns of a window, with their indices.

    From the pixel itself outwards, so that nothing is lost past the border that is needed later.
    """
    for y, in_row in _outwards(code, plane, rows, 0):
        for x, here in _outwards(code, in_row, columns, 1):
            yield (y, x), here


def _outwards(code: Code, plane: Operand, offsets: Sequence[int], axis: int) -> Iterator[tuple[int, Operand]]:
    before = [i for i in range(len(offsets)) if offsets[i] < 0]
    after = [i for i in range(len(offsets)) if offsets[i] >= 0]
    for indices in (before[::-1], after):
        here, reached = plane, 0
        for index in indices:
            step = offsets[index] - reached
            here = seen_at(code, here, *((step, 0) if axis == 0 else (0, step)))
            reached = offsets[index]
            yield index, here

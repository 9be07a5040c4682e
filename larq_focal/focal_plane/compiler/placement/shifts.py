"""Moving planes over the array, and walking a window over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane
from larq_focal.focal_plane.compiler.placement.walls import Walls
from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.network.ops import Pair

_SPLIT_AFTER = 8  # pixels of a long shift that make a kernel


def seen_at(code: Code, plane: Operand, rows: int = 0, columns: int = 0, walls: Walls | None = None) -> Operand:
    """What each pixel sees ``rows`` below and ``columns`` to the right of it; zeros come in from past the border.

    With ``walls`` that is the border of its tile, and else that of the array. Where shifts follow each other, the plane
    is copied as often as the sensor asks for, as it would lose bits else.
    """
    registers, most = code.sensor.digital.direction, code.sensor.conventions.shifts_in_a_row
    seen = plane
    for distance, (negative, positive) in ((rows, ("north", "south")), (columns, ("west", "east"))):
        if distance:
            if code.is_frugal:
                code.split()
            direction = positive if distance > 0 else negative
            if walls:
                walls.direct(direction)
            else:
                code.emit("CLR", *registers)
                code.emit("SET", registers[DIRECTIONS.index(direction)])
            if abs(distance) > _SPLIT_AFTER:
                code.split()  # the pixels themselves are alike in all directions
        for step in range(abs(distance)):
            if code.is_frugal and seen is not plane:
                if step % _SPLIT_AFTER == 1:
                    code.split()
                code.emit("DNEWS0", seen, code.either(seen))
                code.shifts_behind[seen] = 1
            else:
                if step and step % _SPLIT_AFTER == 0:
                    code.split()
                behind = code.shifts_behind.get(seen, 0)
                if most and behind >= most:
                    seen, behind = code.either(seen), 0
                moved = Plane("shifted")
                code.emit("DNEWS0", moved, seen)
                code.shifts_behind[moved] = behind + 1
                seen = moved
    return seen


def spread(code: Code, plane: Plane, rows: Pair, columns: Pair, unit: Pair = (1, 1)) -> Plane:
    """The OR of what lies up to ``rows`` above and below and ``columns`` to the left and right of each pixel.

    In frugal code it goes from pixel to pixel, and the plane lies in FLAG meanwhile; else ever further.

    Args:
        rows: how far ones get up and down.
        columns: how far ones get to the left and to the right.
        unit: rows and columns of the array in which these are given.
    """
    down, right = (unit[0], 0), (0, unit[1])
    up, left = (-unit[0], 0), (0, -unit[1])
    for distance, (y, x) in ((rows[0], down), (rows[1], up), (columns[0], right), (columns[1], left)):
        reached = 0
        while reached < distance:
            step = 1 if code.is_frugal else min(reached + 1, distance - reached)
            code.split()
            if code.is_frugal:
                held = code.either(plane)
                plane = code.either(held, seen_at(code, held, y, x))
            else:
                code.emit("OR", plane, seen_at(code, plane, y * step, x * step))
            reached += step
    code.split()
    return plane


def window(
    code: Code, plane: Operand, rows: Sequence[int], columns: Sequence[int], walls: Walls | None = None
) -> Iterator[tuple[Pair, Operand]]:
    """The plane as seen at all rows and columns of a window, with their indices.

    From the pixel itself outwards, so that nothing is lost past the border that is needed later; or, in frugal
    code, from the pixel to each of them, so that fewer planes are held.
    """
    if code.is_frugal:
        for (y, row), (x, column) in product(enumerate(rows), enumerate(columns)):
            yield (y, x), seen_at(code, plane, row, column, walls)
        return
    for y, in_row in _outwards(code, plane, rows, 0, walls):
        for x, here in _outwards(code, in_row, columns, 1, walls):
            yield (y, x), here


def _outwards(
    code: Code, plane: Operand, offsets: Sequence[int], axis: int, walls: Walls | None
) -> Iterator[tuple[int, Operand]]:
    before = [i for i in range(len(offsets)) if offsets[i] < 0]
    after = [i for i in range(len(offsets)) if offsets[i] >= 0]
    for indices in (before[::-1], after):
        here, reached = plane, 0
        for index in indices:
            step = offsets[index] - reached
            here = seen_at(code, here, *((step, 0) if axis == 0 else (0, step)), walls)
            reached = offsets[index]
            yield index, here

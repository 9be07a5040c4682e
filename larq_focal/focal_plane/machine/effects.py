"""What each one-word instruction does: functions of the array, the registers written and the registers read."""

from __future__ import annotations

from itertools import count

import numpy as np

from larq_focal.focal_plane.machine.pixel_array import PIXEL, RESET_LEVEL, PixelArray

Names = tuple[str, ...]


def nothing(array: PixelArray, targets: Names, sources: Names) -> None:
    pass


def either(array: PixelArray, targets: Names, sources: Names) -> None:
    array.read(sources)
    array.write(targets)


def neither(array: PixelArray, targets: Names, sources: Names) -> None:
    array.read(sources)
    array.invert_bus()
    array.write(targets)


def set_ones(array: PixelArray, targets: Names, sources: Names) -> None:
    array.bus[:] = array.layout.ones
    array.write(targets)


def clear(array: PixelArray, targets: Names, sources: Names) -> None:
    array.bus[:] = 0
    array.write(targets)


def write_back(array: PixelArray, targets: Names, sources: Names) -> None:
    array.write(targets)


def shift_in_zeros(array: PixelArray, targets: Names, sources: Names) -> None:
    array.read_neighbours(sources[0], border_is_one=False)
    array.write(targets)


def shift_in_ones(array: PixelArray, targets: Names, sources: Names) -> None:
    array.read_neighbours(sources[0], border_is_one=True)
    array.write(targets)


def flood_from_ones(array: PixelArray, targets: Names, sources: Names) -> None:
    _flood(array, targets, border_is_one=False)


def flood_from_border(array: PixelArray, targets: Names, sources: Names) -> None:
    _flood(array, targets, border_is_one=True)


def _flood(array: PixelArray, targets: Names, border_is_one: bool) -> None:
    """Sets pixels with a neighbour that is set, as far as one word is relied upon to get."""
    target = array.digital[targets[0]]
    before = None
    steps = count() if array.flood_reach is None else range(array.flood_reach)
    for _ in steps:
        if before is not None and np.array_equal(before, target):
            break
        before = target.copy()
        array.read_neighbours(targets[0], border_is_one)
        np.bitwise_or(array.bus, target, out=array.bus)
        array.write(targets)


def minus_sum(array: PixelArray, targets: Names, sources: Names) -> None:
    total = array.analog_sum(sources)
    array.write_analog(targets, np.negative(total, out=total))


def is_positive(array: PixelArray, targets: Names, sources: Names) -> None:
    array.bus[:] = array.layout.pack(array.analog_sum(sources) > 0)
    array.write(targets)


def reset_pixels(array: PixelArray, targets: Names, sources: Names) -> None:
    array.analog[PIXEL][:] = RESET_LEVEL

"""Pointwise convolutions to one channel: products are counted where the inputs lie, and the counts added up.

Elsewhere every input channel is brought to the place of the output. Here all stay, a weight each, and the counts of
places come together in halves: those of the far half are added to those of the near half, until one place is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand
from larq_focal.focal_plane.compiler.layers.convolution import Convolution, Tap, agreement, same
from larq_focal.focal_plane.compiler.layers.count import Count, full_adder, half_adder
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.layers.weights import PatternWeights
from larq_focal.focal_plane.compiler.placement.maps import Maps
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.shifts import seen_at


def can_be_folded(maps: Maps, layer: Convolution) -> bool:
    """Whether ``fold_into`` counts it: a 1x1 kernel for one channel, of several that lie at places of their own."""
    channels = layer.codes.shape[2:]
    return layer.codes.shape[:2] == (1, 1) and channels[1] == 1 < channels[0] and not maps.layout.is_spread


def fold_into(
    counter: Count,
    code: Code,
    constants: Constants,
    maps: Maps,
    layer: Convolution,
    repeats: np.ndarray,
    schedule: CountSchedule,
) -> None:
    """As ``count_into``, for a layer that ``can_be_folded``; the counts end at the first place of every block.

    Args:
        counter: where the counts go.
        code: where the instructions go.
        constants: loads the weights.
        maps: the layer's input.
        layer: the layer.
        repeats: how often the count goes in ``[1]``.
        schedule: how it is counted.
    """
    bits = _counted_in_place(code, constants, maps, layer, schedule)
    for axis, places in _halves(maps):
        bits = _folded(code, bits, axis, places * maps.layout.spacing.unit[axis])
    for column in range(int(repeats[0]).bit_length()):
        for index, bit in enumerate(bits if int(repeats[0]) >> column & 1 else ()):
            counter.add(bit, column + index)


def _counted_in_place(
    code: Code, constants: Constants, maps: Maps, layer: Convolution, schedule: CountSchedule
) -> Sequence[Operand]:
    """Of each place the count of its channels, lowest bit first."""
    layout, codes = maps.layout, layer.codes[0, 0, :, 0]
    block = list(product(*(range(size) for size in _block(maps))))
    weights = PatternWeights(constants, layout)
    count = Count(code, schedule.deferred)
    for number, plane in enumerate(maps.planes):
        signs = dict.fromkeys(block, 0)
        signs |= {place.offset: int(codes[c]) for c, place in enumerate(layout.places) if place.plane == number}
        if any(signs.values()):
            code.split()
            count.add(agreement(code, Tap((0, 0), partial(same, plane), signs, weights)))
            code.split()
    return count.bits()


def _block(maps: Maps) -> tuple[int, int]:
    """Rows and columns of places, powers of two that hold those in use."""
    last = np.max([place.offset for place in maps.layout.places], axis=0)
    return tuple(1 << int(number).bit_length() for number in last)


def _halves(maps: Maps) -> list[tuple[int, int]]:
    """Axis and places of each addition, the farthest first, when counts have the fewest bits."""
    found = [(axis, 1 << power) for axis, size in enumerate(_block(maps)) for power in range(size.bit_length() - 1)]
    return sorted(found, key=lambda half: -half[1])


def _folded(code: Code, bits: Sequence[Operand], axis: int, pixels: int) -> list[Operand]:
    """The sum of each pixel's count and that ``pixels`` below it, or to the right; one bit after the other.

    Frugal code adds each bit in the same planes, so that it repeats.
    """
    total: list[Operand] = []
    carry: Operand | None = None
    for bit in bits:
        code.split()
        here = code.either(bit) if code.is_frugal else bit
        code.split()
        moved = seen_at(code, here, *((pixels, 0) if axis == 0 else (0, pixels)))
        code.split()
        if carry is None:
            here, carry = half_adder(code, here, moved)
        else:
            here, carried = full_adder(code, here, moved, carry)
            carry = code.either(carried, into=carry) if code.is_frugal else carried
        code.split()
        total.append(code.either(here, into=bit) if code.is_frugal else here)
    return total if carry is None else [*total, carry]  # nothing is counted where all weights are 0

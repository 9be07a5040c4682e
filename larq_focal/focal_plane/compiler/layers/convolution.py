"""Convolutions of one-bit maps with binary and ternary kernels: their taps, and counts of them in binary columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand
from larq_focal.focal_plane.compiler.layers.count import Count, alike
from larq_focal.focal_plane.compiler.layers.count_schedule import CountSchedule
from larq_focal.focal_plane.compiler.layers.weights import Weights, are_spread, check_room, weights_of
from larq_focal.focal_plane.compiler.options import WeightSource
from larq_focal.focal_plane.compiler.placement.gatherer import Gatherer
from larq_focal.focal_plane.compiler.placement.layout import Layout, Place, places_in_blocks
from larq_focal.focal_plane.compiler.placement.maps import Maps, reads_other_tiles, walls_of
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.shifts import seen_at, window
from larq_focal.network.conv_arithmetic import convolve, pad_image
from larq_focal.network.kernel_sums import conv_pads
from larq_focal.network.ops import Conv2D, Pair

See = Callable[[], Operand]  # brings what all pixels see at one tap


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution as the array counts it.

    ``codes`` are -1, 0 and +1, ``[kh, kw, in / groups, out]``; where an output is the sum of products s, its count is p
    with ``s = 2 p - offsets``. The array takes -1 for what is outside of the maps; ``offsets`` ``[height, width, out]``
    make that good where the padding has another value.
    """

    op: Conv2D
    codes: np.ndarray
    pads: tuple[Pair, Pair]
    offsets: np.ndarray

    @classmethod
    def of(cls, op: Conv2D, input_shape: tuple[int, int, int], flip: np.ndarray | None = None) -> Convolution:
        """The convolution ``op`` with the signs of the channels ``flip`` inverted."""
        codes = op.kernel.codes.astype(np.int64)
        if flip is not None:
            codes = np.where(flip, -codes, codes)
        pads = conv_pads(op, input_shape[:2])
        beyond = pad_image(np.zeros((1, *input_shape), np.float32), pads, op.pad_value + 1)
        weights = codes.astype(np.float32)
        excess = convolve(beyond, weights, op.strides, op.dilation, op.groups)[0]
        nonzero = np.abs(codes).sum((0, 1, 2))
        return cls(op, codes, pads, nonzero - np.rint(excess).astype(np.int64))

    @property
    def reads_beyond(self) -> bool:
        return bool(np.any(self.pads))


@dataclass(frozen=True, eq=False)
class Tap:
    """One tap of the channels in one plane.

    ``index`` is its row and column in the kernel; ``see`` brings what is seen there; ``signs`` are -1, 0 and +1 by the
    place of each channel, not all 0, and ``weights`` tells where to have them from.
    """

    index: Pair
    see: See
    signs: Mapping[Pair, int]
    weights: Weights


def count_into(
    counter: Count,
    code: Code,
    constants: Constants,
    maps: Maps,
    layer: Convolution,
    repeats: np.ndarray,
    layout: Layout,
    plane: int,
    schedule: CountSchedule,
) -> None:
    """Adds the counts of a layer to ``counter``, for the channels in one plane of ``layout``.

    Args:
        counter: where the counts go.
        code: where the instructions go.
        constants: loads the weights.
        maps: the layer's input.
        layer: the layer.
        repeats: how often the count of each output goes in, whole numbers ``[out]``.
        layout: where the outputs must lie.
        plane: which plane of it.
        schedule: how it is counted.
    """
    channels = {place.offset: c for c, place in enumerate(layout.places) if place.plane == plane}
    counted = replace(layer, codes=layer.codes * (repeats > 0))
    if len(np.unique(repeats[repeats > 0])) > 1:  # some channels count only some of the times, as patterns can tell
        schedule = replace(schedule, weights=WeightSource.PATTERNS)
    for tap in taps(code, constants, maps, counted, layout, plane, schedule):
        for column in range(int(repeats.max()).bit_length()):
            digits = {place: sign * int(repeats[channels[place]] >> column & 1) for place, sign in tap.signs.items()}
            if any(digits.values()):
                code.split()
                counter.add(agreement(code, replace(tap, signs=digits)), column)
                code.split()


def output_layout(layout: Layout, op: Conv2D) -> Layout:
    """Outputs lie in the blocks of the input, as many to a plane as there is room; a stride spaces blocks out."""
    pitch = layout.pitch[0] * op.strides[0], layout.pitch[1] * op.strides[1]
    return Layout(*op.shape[:2], pitch, output_places(layout, op), tiles=layout.tiles)


def output_places(layout: Layout, op: Conv2D) -> tuple[Place, ...]:
    """Row by row in blocks; but the outputs of a group lie where its inputs do, if that takes no more planes."""
    channels, groups = op.shape[-1], op.groups
    per_group = channels // groups
    depth = layout.channels // groups
    plain = places_in_blocks(channels, layout.room)
    of_groups = -(-per_group // depth)  # planes
    if groups == 1 or layout.is_spread or layout.planes > 1 or of_groups > 1 + max(place.plane for place in plain):
        return plain
    return tuple(
        replace(layout.places[c // per_group * depth + c % per_group % depth], plane=c % per_group // depth)
        for c in range(channels)
    )


def taps(
    code: Code,
    constants: Constants,
    maps: Maps,
    layer: Convolution,
    layout: Layout,
    plane: int,
    schedule: CountSchedule,
) -> Iterator[Tap]:
    """The taps of a layer that are not 0 in all channels of one plane of ``layout``.

    Raises:
        UnsupportedError: weights are to lie in tiles that are too small for them.
    """
    reads_others = reads_other_tiles(maps.layout, layer.pads)
    floods = are_spread(layer.codes, schedule.weights)
    if floods:
        check_room(layer.op, layout)
    channels = [c for c, place in enumerate(layout.places) if place.plane == plane]
    with walls_of(code, constants, maps.layout, reads_others or floods) as walls:
        gatherer = Gatherer(code, constants, maps, walls if reads_others else None)
        for slot in range(layer.codes.shape[2]):
            codes = layer.codes[:, :, slot]
            if codes[..., channels].any():
                weights = weights_of(code, constants, walls, layout, codes, plane, schedule.weights)
                yield from _taps_of_slot(code, gatherer, layer, layout, channels, slot, weights, schedule.regathers)


def _taps_of_slot(
    code: Code,
    gatherer: Gatherer,
    layer: Convolution,
    layout: Layout,
    channels: list[int],
    slot: int,
    weights: Weights,
    regathers: bool,
) -> Iterator[Tap]:
    """The taps of one input channel of each group."""
    op, codes = layer.op, layer.codes[:, :, slot]
    depth, per_group = layer.codes.shape[2], op.shape[-1] // op.groups
    offsets = {layout.places[c].offset: c for c in channels}
    pitch = layout.pitch[0] // op.strides[0], layout.pitch[1] // op.strides[1]
    sources = {place: c // per_group * depth + slot for place, c in offsets.items()}
    rows, columns = (
        [(k * dilation - pad[0]) * step for k in range(size)]
        for size, dilation, pad, step in zip(codes.shape[:2], op.dilation, layer.pads, pitch, strict=True)
    )
    for (y, x), see in _window(code, gatherer, sources, rows, columns, weights, regathers):
        signs = {place: int(codes[y, x, c]) for place, c in offsets.items()}
        if any(signs.values()):
            code.split()
            yield Tap((y, x), see, signs, weights)
            code.split()


def _window(
    code: Code,
    gatherer: Gatherer,
    sources: Mapping[Pair, int],
    rows: Sequence[int],
    columns: Sequence[int],
    weights: Weights,
    regathers: bool,
) -> Iterator[tuple[Pair, See]]:
    """The taps of a window, with a function that brings what they see.

    Where registers are few and weights are themselves shifted, it shifts at each call, once the weight is there.
    """
    if not regathers and not (code.is_frugal and weights.shifts):
        for tap, seen in window(code, gatherer.at(sources), rows, columns, gatherer.walls):
            yield tap, partial(same, seen)
        return
    here = None if regathers else gatherer.at(sources)
    for (y, row), (x, column) in product(enumerate(rows), enumerate(columns)):
        if regathers:
            see = partial(gatherer.seen_from(row, column).at, sources)
        else:
            see = partial(seen_at, code, here, row, column, gatherer.walls)
        yield (y, x), see if weights.shifts else partial(same, see())


def same(seen: Operand) -> Operand:
    """What is seen where nothing needs to be brought."""
    return seen


def agreement(code: Code, tap: Tap) -> Operand:
    """Where a bit of a tap agrees with a weight that is not 0."""
    signs = set(tap.signs.values())
    if len(signs) == 1:
        return tap.see() if 1 in signs else code.nor(tap.see())
    if 1 in signs and -1 in signs:
        parts, sign = tap.weights.signs(tap.index, tap.signs)
        if 0 not in signs:
            return alike(code, tap.see(), parts, invert=sign < 0)
        differs = alike(code, tap.see(), parts, invert=sign > 0)
    else:
        differs = code.nor(tap.see()) if 1 in signs else tap.see()
    return code.nor(differs, *tap.weights.zeros(tap.index, tap.signs))

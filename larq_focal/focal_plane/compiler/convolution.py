"""Convolutions of one-bit maps with binary and ternary kernels, counted digitally."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from larq_focal.focal_plane.compiler.counting import Count, alike
from larq_focal.focal_plane.compiler.gathering import Gatherer
from larq_focal.focal_plane.compiler.layout import Layout, places_in_blocks
from larq_focal.focal_plane.compiler.maps import Counts, Maps, reads_other_tiles, walls_of
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.schedule import Schedule
from larq_focal.focal_plane.compiler.shifts import seen_at, window
from larq_focal.focal_plane.compiler.thresholds import at_least
from larq_focal.focal_plane.compiler.virtual import Code, Operand
from larq_focal.focal_plane.compiler.weights import Weights, WeightSource, check_room, weights_of
from larq_focal.network.convolution import convolve, pad_image
from larq_focal.network.interpret import conv_pads
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

    def thresholds(self, sums: np.ndarray) -> np.ndarray:
        """Counts from which on a sum reaches ``sums`` ``[out]``, which may be infinite; ``[height, width, out]``."""
        most = 2 * self.codes.size + 1  # beyond any sum
        sums = np.clip(np.ceil(sums.astype(np.float64)), -most, most).astype(np.int64)
        return -((-sums - self.offsets) // 2)


def count(
    code: Code, constants: Constants, maps: Maps, layer: Convolution, schedule: Schedule
) -> Iterator[list[Operand]]:
    """The counts of a layer, lowest bit first, one after the other for each plane of ``output_layout``."""
    layout = output_layout(maps.layout, layer.op)
    code.is_frugal = schedule.is_frugal
    reads_others = reads_other_tiles(maps.layout, layer.pads)
    differ = bool((layer.codes != layer.codes[..., :1]).any())
    floods = differ and schedule.weights is not WeightSource.PATTERNS
    if floods:
        check_room(layer.op, layout)
    with walls_of(code, constants, maps.layout, reads_others or floods) as walls:
        for plane in range(layout.planes):
            counter = Count(code, schedule.deferred)
            gatherer = Gatherer(code, constants, maps, walls if reads_others else None)
            for slot in range(layer.codes.shape[2]):
                codes = layer.codes[:, :, slot]
                if not codes[..., [place.plane == plane for place in layout.places]].any():
                    continue
                weights = weights_of(code, constants, walls, layout, codes, plane, schedule.weights)
                _count_slot(code, counter, gatherer, layer, layout, plane, slot, weights, schedule.regathers)
            yield counter.bits()
    code.is_frugal = False


def output_layout(layout: Layout, op: Conv2D) -> Layout:
    """Outputs lie in the blocks of the input, as many to a plane as there is room; a stride spaces blocks out."""
    pitch = layout.pitch[0] * op.strides[0], layout.pitch[1] * op.strides[1]
    return Layout(*op.shape[:2], pitch, output_places(layout, op), tiles=layout.tiles)


def output_places(layout: Layout, op: Conv2D):
    """A depthwise convolution leaves every channel in its place."""
    channels = op.shape[-1]
    if op.is_depthwise and channels == layout.channels and not layout.is_spread:
        return layout.places
    return places_in_blocks(channels, layout.room)


def _count_slot(
    code: Code,
    counter: Count,
    gatherer: Gatherer,
    layer: Convolution,
    layout: Layout,
    plane: int,
    slot: int,
    weights: Weights,
    regathers: bool,
) -> None:
    """Counts the taps of one input channel of each group."""
    op, codes = layer.op, layer.codes[:, :, slot]
    channels = [c for c, place in enumerate(layout.places) if place.plane == plane]
    depth, per_group = layer.codes.shape[2], op.shape[-1] // op.groups
    offsets = {layout.places[c].offset: c for c in channels}
    pitch = layout.pitch[0] // op.strides[0], layout.pitch[1] // op.strides[1]
    sources = {place: c // per_group * depth + slot for place, c in offsets.items()}
    rows, columns = (
        [(k * dilation - pad[0]) * step for k in range(size)]
        for size, dilation, pad, step in zip(codes.shape[:2], op.dilation, layer.pads, pitch, strict=True)
    )
    for (y, x), see in _taps(code, gatherer, sources, rows, columns, weights, regathers):
        here = {place: int(codes[y, x, c]) for place, c in offsets.items()}
        if any(here.values()):
            code.split()
            counter.add(_agreement(code, see, weights, (y, x), here))
            code.split()


def _taps(
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
            yield tap, partial(_same, seen)
        return
    here = None if regathers else gatherer.at(sources)
    for (y, row), (x, column) in product(enumerate(rows), enumerate(columns)):
        if regathers:
            see = partial(gatherer.seen_from(row, column).at, sources)
        else:
            see = partial(seen_at, code, here, row, column, gatherer.walls)
        yield (y, x), see if weights.shifts else partial(_same, see())


def _same(seen: Operand) -> Operand:
    return seen


def _agreement(code: Code, see: See, weights: Weights, tap: Pair, here: Mapping[Pair, int]) -> Operand:
    """Where a bit agrees with a weight that is not 0; ``here`` are the weights of ``tap``."""
    signs = set(here.values())
    if len(signs) == 1:
        return see() if 1 in signs else code.nor(see())
    if 1 in signs and -1 in signs:
        parts = weights.plus(tap, here)
        if 0 not in signs:
            return alike(code, see(), parts)
        differs = alike(code, see(), parts, invert=True)
    else:
        differs = code.nor(see()) if 1 in signs else see()
    return code.nor(differs, *weights.zeros(tap, here))


def binarized(
    code: Code, constants: Constants, maps: Maps, layer: Convolution, sums: np.ndarray, schedule: Schedule
) -> Maps:
    """The layer with its threshold: 1 where the sum reaches ``sums`` ``[out]``."""
    layout = output_layout(maps.layout, layer.op)
    thresholds = layer.thresholds(sums)
    planes = tuple(
        at_least(code, constants, bits, thresholds, layout, plane)
        for plane, bits in enumerate(count(code, constants, maps, layer, schedule))
    )
    return Maps(layout, planes)


def counted(code: Code, constants: Constants, maps: Maps, layer: Convolution, schedule: Schedule) -> Counts:
    """The layer's counts themselves."""
    layout = output_layout(maps.layout, layer.op)
    planes = tuple(tuple(bits) for bits in count(code, constants, maps, layer, schedule))
    return Counts(layout, planes, layer.offsets)

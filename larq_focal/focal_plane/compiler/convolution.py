"""Convolutions of one-bit maps with binary and ternary kernels, counted digitally."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from larq_focal.focal_plane.compiler.counting import Count, alike
from larq_focal.focal_plane.compiler.gathering import Gatherer
from larq_focal.focal_plane.compiler.layout import Layout, places_in_blocks
from larq_focal.focal_plane.compiler.maps import Maps
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.shifts import window
from larq_focal.focal_plane.compiler.virtual import Code, Operand
from larq_focal.network.convolution import convolve, pad_image
from larq_focal.network.interpret import conv_pads
from larq_focal.network.ops import Conv2D, Pair


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


def count_into(
    counter: Count,
    code: Code,
    constants: Constants,
    maps: Maps,
    layer: Convolution,
    weights: np.ndarray,
    layout: Layout,
    plane: int,
    regathers: bool = False,
) -> None:
    """Adds the counts of a layer to ``counter``, for the channels in one plane of ``layout``.

    Args:
        counter: where the counts go.
        code: where the instructions go.
        constants: loads the weights.
        maps: the layer's input.
        layer: the layer.
        weights: how often the count of each output goes in, whole numbers ``[out]``.
        layout: where the outputs shall lie.
        plane: which plane of it.
        regathers: as in ``Schedule``.
    """
    channels = {place.offset: c for c, place in enumerate(layout.places) if place.plane == plane}
    counted = replace(layer, codes=layer.codes * (weights > 0))
    for seen, signs in taps(code, Gatherer(code, constants, maps), counted, layout, plane, regathers):
        for column in range(int(weights.max()).bit_length()):
            digits = {place: sign * int(weights[channels[place]] >> column & 1) for place, sign in signs.items()}
            if any(digits.values()):
                code.split()
                counter.add(_agreement(code, constants, seen, digits, maps.layout.pitch), column)
                code.split()


def output_layout(layout: Layout, op: Conv2D) -> Layout:
    """Outputs lie in the blocks of the input, as many to a plane as there is room; a stride spaces blocks out."""
    pitch = layout.pitch[0] * op.strides[0], layout.pitch[1] * op.strides[1]
    return Layout(*op.shape[:2], pitch, output_places(layout, op))


def output_places(layout: Layout, op: Conv2D):
    """A depthwise convolution leaves every channel in its place."""
    channels = op.shape[-1]
    if op.is_depthwise and channels == layout.channels and not layout.is_spread:
        return layout.places
    return places_in_blocks(channels, layout.pitch)


def taps(
    code: Code, gatherer: Gatherer, layer: Convolution, layout: Layout, plane: int, regathers: bool
) -> Iterator[tuple[Operand, dict[Pair, int]]]:
    """The taps of the channels of one plane: what is seen there, and by place of each channel its weight, not all 0."""
    channels = [c for c, place in enumerate(layout.places) if place.plane == plane]
    for slot in range(layer.codes.shape[2]):
        if layer.codes[:, :, slot, channels].any():
            yield from _taps_of_slot(code, gatherer, layer, layout, channels, slot, regathers)


def _taps_of_slot(
    code: Code,
    gatherer: Gatherer,
    layer: Convolution,
    layout: Layout,
    channels: list[int],
    slot: int,
    regathers: bool,
) -> Iterator[tuple[Operand, dict[Pair, int]]]:
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
    if regathers:
        window_places = product(enumerate(rows), enumerate(columns))
        seen_from = (((y, x), gatherer.seen_from(row, column).at(sources)) for (y, row), (x, column) in window_places)
    else:
        seen_from = window(code, gatherer.at(sources), rows, columns)
    for (y, x), seen in seen_from:
        weights = {place: int(codes[y, x, c]) for place, c in offsets.items()}
        if any(weights.values()):
            code.split()
            yield seen, weights
            code.split()


def _agreement(code: Code, constants: Constants, seen: Operand, weights: dict[Pair, int], pitch: Pair) -> Operand:
    """Where a bit agrees with a weight that is not 0."""
    plus = [place for place, weight in weights.items() if weight > 0]
    minus = [place for place, weight in weights.items() if weight < 0]
    used = list(weights)
    if len(plus) == len(used):
        return seen
    if len(minus) == len(used):
        return code.nor(seen)
    not_plus, not_minus = ([place for place in used if place not in some] for some in (plus, minus))
    if len(plus) + len(minus) == len(used):
        return alike(code, seen, constants.places(plus, used, pitch))
    if not plus:
        return code.nor(seen, *constants.places(not_minus, used, pitch))
    agrees_plus = code.nor(code.nor(seen), *constants.places(not_plus, used, pitch))
    if not minus:
        return agrees_plus
    return code.either(agrees_plus, code.nor(seen, *constants.places(not_minus, used, pitch)))

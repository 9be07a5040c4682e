"""Comparing a count with thresholds that are the same everywhere, or differ by channel, or by pixel at the border."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.patterns import Constants


def at_least(
    code: Code, constants: Constants, bits: Sequence[Operand], thresholds: np.ndarray, layout: Layout, plane: int
) -> Plane:
    """Where the count reaches its threshold.

    From the lowest bit up, a higher bit outvotes what is below: the result is the majority of the count's bit, the
    inverted bit of the threshold and the result so far. Where all thresholds share a bit, that is an OR or an AND.

    Args:
        bits: the count, lowest bit first.
        thresholds: whole numbers ``[height, width, channels]``, for all channels of ``layout``.
        layout: where the results must lie.
        plane: which plane of the layout is compared.
    """
    never = 1 << len(bits)
    thresholds = np.clip(thresholds, 0, never)
    reached: Operand | None = None  # None: everywhere, so far
    for index, bit in enumerate([*bits, None]):  # beyond the count: a threshold that is never reached
        wanted = _Bit(constants, thresholds >> index & 1 == 1, layout, plane)
        reached = _beyond(code, reached, wanted) if bit is None else _outvoted(code, bit, reached, wanted)
    return _everywhere(code) if reached is None else reached


class _Bit:
    """One bit of the thresholds."""

    def __init__(self, constants: Constants, values: np.ndarray, layout: Layout, plane: int):
        self._constants, self._layout = constants, layout
        channels = [c for c, place in enumerate(layout.places) if place.plane == plane]
        self._values, self._channels, self._plane = values, channels, plane
        here = values[..., channels]
        self.is_zero, self.is_one = not here.any(), bool(here.all())

    def plane(self, invert: bool = False) -> Plane:
        """The bit as a plane, or its inverse."""
        values = self._values != invert
        first = values[0, 0]
        places = self._layout.places
        if (values == first).all():
            used = [places[c].offset for c in self._channels]
            return self._constants.one_plane(
                [places[c].offset for c in self._channels if first[c]], used, self._layout.spacing
            )
        array = self._constants.shape
        return self._constants.whole(self._layout.planes_of(values, array)[self._plane])


def _outvoted(code: Code, bit: Operand, reached: Operand | None, wanted: _Bit) -> Operand | None:
    if wanted.is_zero:
        return reached if reached is None else code.either(bit, reached)
    if wanted.is_one:
        return bit if reached is None else code.both(bit, reached)
    if reached is None:
        return code.either(bit, wanted.plane(invert=True))
    threshold = wanted.plane()
    neither = code.nor(bit, code.nor(threshold))
    beats = code.nor(code.nor(bit), threshold)
    return code.nor(neither, code.nor(reached, beats))


def _beyond(code: Code, reached: Operand | None, wanted: _Bit) -> Operand | None:
    if wanted.is_zero:
        return reached
    if wanted.is_one:
        return code.nor(_everywhere(code))
    threshold = wanted.plane()
    return code.nor(threshold) if reached is None else code.nor(threshold, code.nor(reached))


def _everywhere(code: Code) -> Plane:
    plane = Plane("ones")
    code.emit("SET", plane)
    return plane

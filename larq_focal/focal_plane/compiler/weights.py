"""Where the weights of a convolution come from while it is counted: the script, a digital or an analog register."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Protocol

import numpy as np

from larq_focal.focal_plane.compiler.layout import Layout
from larq_focal.focal_plane.compiler.patterns import Constants
from larq_focal.focal_plane.compiler.shifts import seen_at
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.focal_plane.compiler.virtual import Code, Operand, Plane
from larq_focal.focal_plane.compiler.walls import Walls
from larq_focal.network.ops import Conv2D, Pair

HOME = 1  # row and column of a tile where its weights begin: the first within the walls


class WeightSource(str, Enum):
    """``PATTERNS``: the controller writes each weight's places; the others spread weights over their tiles.

    ``PACKED`` keeps all weights of a tile's kernel within the tile in a digital register, two registers for ternary
    ones; ``ANALOG`` keeps them in one analog register as three levels, which are compared at each use.
    """

    PATTERNS = "patterns"
    PACKED = "packed"
    ANALOG = "analog"


class Weights(Protocol):
    """The weights of one input channel of each group, for the output channels in one plane.

    ``shifts``: whether planes move before a weight is there.
    """

    shifts: bool

    def all_but(self, sign: int, tap: Pair, weights: Mapping[Pair, int]) -> list[Operand]:
        """Up to three planes whose union has ones where the weight of ``tap`` is not ``sign``, at all places used.

        Args:
            sign: +1 or -1.
            tap: row and column in the kernel.
            weights: -1, 0 and +1 by the places of the output channels.
        """


class PatternWeights:
    """From address patterns, in no register."""

    shifts = False

    def __init__(self, constants: Constants, layout: Layout):
        self._constants, self._spacing = constants, layout.spacing

    def all_but(self, sign: int, tap: Pair, weights: Mapping[Pair, int]) -> list[Operand]:
        others = [place for place, weight in weights.items() if weight != sign]
        return self._constants.places(others, weights, self._spacing)


class PackedWeights:
    """From one register for each sign, where a kernel's weights lie in their tile as in the kernel.

    A weight comes to the first pixel within the walls by a shift of the register, and floods its tile from there. The
    scheme is that of L. Bose et al., "Fully embedding fast convolutional networks on pixel processor arrays", ECCV
    2020, and of Y. Liu, Y. Lu, CVPR Workshops 2022; they choose the weight by a pattern of the controller.

    Args:
        code: where the instructions go.
        constants: loads the registers.
        walls: between the tiles.
        layout: where the outputs lie.
        codes: -1, 0 and +1, ``[kh, kw, out]``, for all outputs of ``layout``.
        plane: which plane of the layout is counted.
    """

    shifts = True

    def __init__(self, code: Code, constants: Constants, walls: Walls, layout: Layout, codes: np.ndarray, plane: int):
        self._code, self._walls = code, walls
        self._held = self._loaded(constants, layout, codes, plane)

    def all_but(self, sign: int, tap: Pair, weights: Mapping[Pair, int]) -> list[Operand]:
        return [self._walls.flooded(seen_at(self._code, self._of(sign), *tap))]

    def _loaded(self, constants: Constants, layout: Layout, codes: np.ndarray, plane: int) -> dict[int, Operand]:
        return {
            sign: constants.whole(_packed(constants.shape, layout, codes == sign, plane))
            for sign in ((-1, 1) if (codes == 0).any() else (-1,))
        }

    def _of(self, sign: int) -> Operand:
        """The register of one sign."""
        return self._held[sign]


class AnalogWeights(PackedWeights):
    """As ``PackedWeights``, from the last analog register: weights are the sign of what it holds, inverted.

    A third of the analog range parts the levels, far beyond what a few writes lose.
    """

    def _loaded(self, constants: Constants, layout: Layout, codes: np.ndarray, plane: int) -> dict[int, Operand]:
        code, analog = self._code, self._code.sensor.analog
        self._register, self._port = analog.storage[-1], analog.port[0]
        code.emit("res", self._register)
        for sign, chosen in super()._loaded(constants, layout, codes, plane).items():
            code.call("load_in", sign * (analog.maximum // 3))  # a bus writes the inverse
            code.emit("WHERE", chosen)
            code.emit("bus", self._register, "IN")
            code.emit("ALL")
        return {}

    def _of(self, sign: int) -> Operand:
        code, compared = self._code, self._register
        if sign > 0:
            compared = self._port
            code.emit("bus", compared, self._register)
        plane = Plane("weights")
        code.emit("where", compared)
        code.emit("MOV", plane, *code.sensor.digital.flag)
        code.emit("ALL")
        return plane


def weights_of(
    code: Code,
    constants: Constants,
    walls: Walls | None,
    layout: Layout,
    codes: np.ndarray,
    plane: int,
    source: WeightSource,
) -> Weights:
    """The weights ``codes``, see ``PackedWeights``, from ``source``; where there are no walls, from patterns."""
    if walls is None or source is WeightSource.PATTERNS:
        return PatternWeights(constants, layout)
    form = AnalogWeights if source is WeightSource.ANALOG else PackedWeights
    return form(code, constants, walls, layout, codes, plane)


def check_room(op: Conv2D, layout: Layout) -> None:
    """Raises UnsupportedError if a kernel does not lie within the walls of a tile."""
    sizes = op.kernel.codes.shape[:2]
    if any(size > side - HOME for size, side in zip(sizes, layout.spacing.unit, strict=True)):
        room, kernel = ("x".join(map(str, pair)) for pair in (layout.spacing.unit, sizes))
        raise UnsupportedError(f"'{op.name}': {kernel} weights do not fit in tiles of {room}: take weights='patterns'.")


def _packed(shape: Pair, layout: Layout, chosen: np.ndarray, plane: int) -> np.ndarray:
    """A plane of the array with the taps ``chosen`` ``[kh, kw, out]`` of each output in its tile."""
    bits = np.zeros(shape, bool)
    for channel, place in enumerate(layout.places):
        if place.plane == plane:
            row, column = (index * unit + HOME for index, unit in zip(place.offset, layout.spacing.unit, strict=True))
            bits[row : row + chosen.shape[0], column : column + chosen.shape[1]] = chosen[..., channel]
    return bits

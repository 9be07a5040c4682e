"""Where the weights of a convolution come from while it is counted: the script, a digital or an analog register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from larq_focal.focal_plane.compiler.backend.virtual import Code, Operand, Plane
from larq_focal.focal_plane.compiler.options import WeightSource
from larq_focal.focal_plane.compiler.placement.layout import Layout
from larq_focal.focal_plane.compiler.placement.patterns import Constants
from larq_focal.focal_plane.compiler.placement.shifts import seen_at
from larq_focal.focal_plane.compiler.placement.walls import Walls
from larq_focal.focal_plane.compiler.unsupported import UnsupportedError
from larq_focal.network.ops import Conv2D, Pair

HOME = 1  # row and column of a tile where its weights begin: the first within the walls


class Weights(Protocol):
    """The weights of one input channel of each group, for the output channels in one plane.

    ``shifts``: whether planes move before a weight is there.
    """

    shifts: bool

    def signs(self, tap: Pair, weights: Mapping[Pair, int]) -> tuple[list[Operand], int]:
        """Up to three planes whose union has ones at the weights of one sign and zeros at those of the other.

        Args:
            tap: row and column in the kernel.
            weights: -1, 0 and +1 by the places of the output channels.

        Returns:
            The planes, and which sign has the ones, +1 or -1.
        """

    def zeros(self, tap: Pair, weights: Mapping[Pair, int]) -> list[Operand]:
        """Up to three planes whose union has ones at weights of 0, and zeros at the others."""


class PatternWeights:
    """From address patterns, in no register; of the sign that takes fewer of them."""

    shifts = False

    def __init__(self, constants: Constants, layout: Layout):
        self._constants, self._spacing = constants, layout.spacing

    def signs(self, tap: Pair, weights: Mapping[Pair, int]) -> tuple[list[Operand], int]:
        plus, minus = ([place for place, weight in weights.items() if weight == sign] for sign in (1, -1))
        sign, chosen = (-1, minus) if self._constants.fewer_loads(minus, plus, self._spacing) else (1, plus)
        return self._constants.places(chosen, [*plus, *minus], self._spacing), sign

    def zeros(self, tap: Pair, weights: Mapping[Pair, int]) -> list[Operand]:
        return self._constants.places([p for p, weight in weights.items() if not weight], weights, self._spacing)


class PackedWeights:
    """From a register that tells where weights are -1, and another for where they are not 0, if any are.

    A kernel's weights lie in their tile as they do in the kernel.

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
        has_zeros = not codes[..., [place.plane == plane for place in layout.places]].all()
        chosen = (codes < 0, codes != 0) if has_zeros else (codes < 0,)
        self._load(*(constants.whole(_packed(constants.shape, layout, taps, plane)) for taps in chosen))

    def signs(self, tap: Pair, weights: Mapping[Pair, int]) -> tuple[list[Operand], int]:
        return [self._walls.flooded(seen_at(self._code, self._minus(), *tap))], 1

    def zeros(self, tap: Pair, weights: Mapping[Pair, int]) -> list[Operand]:
        return [self._walls.flooded(seen_at(self._code, self._nonzero(), *tap))]

    def _load(self, *planes: Plane) -> None:
        self._held = planes

    def _minus(self) -> Operand:
        return self._held[0]

    def _nonzero(self) -> Operand:
        return self._held[1]


class AnalogWeights(PackedWeights):
    """As ``PackedWeights``, from the last analog register, which is above 0 at weights of -1 and below 0 at those of 0.

    A third of the analog range parts the levels, far beyond what a few writes lose.
    """

    def _load(self, minus: Plane, *nonzero: Plane) -> None:
        code, analog = self._code, self._code.sensor.analog
        self._register, self._port = analog.storage[-1], analog.port[0]
        code.emit("res", self._register)
        for chosen, level in ((minus, 1), *((code.nor(plane), -1) for plane in nonzero)):
            code.call("load_in", -level * (analog.maximum // 3))  # a bus writes the inverse
            code.emit("WHERE", chosen)
            code.emit("bus", self._register, "IN")
            code.emit("ALL")

    def _minus(self) -> Operand:
        return self._compared(self._register, "MOV")

    def _nonzero(self) -> Operand:
        self._code.emit("bus", self._port, self._register)
        return self._compared(self._port, "NOT")

    def _compared(self, register: str, mnemonic: str) -> Plane:
        code, plane = self._code, Plane("weights")
        code.emit("where", register)
        code.emit(mnemonic, plane, *code.sensor.digital.flag)
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


def are_spread(codes: np.ndarray, source: WeightSource) -> bool:
    """Whether weights ``codes`` ``[..., out]`` of a layer lie in registers: not where all outputs share them."""
    return source is not WeightSource.PATTERNS and bool((codes != codes[..., :1]).any())


def kernel_homes(layout: Layout) -> tuple[tuple[int, int, int], ...]:
    """Plane, and row and column of the array, of the first weight of each output's kernel in its tile."""
    down, right = layout.spacing.unit
    return tuple((place.plane, place.row * down + HOME, place.column * right + HOME) for place in layout.places)


def _packed(shape: Pair, layout: Layout, chosen: np.ndarray, plane: int) -> np.ndarray:
    """A plane of the array with the taps ``chosen`` ``[kh, kw, out]`` of each output in its tile."""
    bits = np.zeros(shape, bool)
    for channel, (of_plane, row, column) in enumerate(kernel_homes(layout)):
        if of_plane == plane:
            bits[row : row + chosen.shape[0], column : column + chosen.shape[1]] = chosen[..., channel]
    return bits

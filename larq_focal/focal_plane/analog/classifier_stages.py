"""The stages of a frame of a classifier that runs on the array as a whole.

The order of work is that of L. Bose et al., "Fully embedding fast convolutional networks on pixel processor arrays",
ECCV 2020: each tile keeps its kernel in a digital register, one weight after the other is flooded over the tile and
added where the shifted image is lit, and the classes' sums come out of the whole array at once. It differs in that

* image and weights are shifted by the same words, along a path that turns at the end of each row;
* masked writes of the propagation register do the work of AND;
* what is below half a step is cleared after the convolution and after pooling, which is a ReLU where nothing errs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from larq_focal.focal_plane.analog.classifier import DARK, TiledClassifier
from larq_focal.focal_plane.machine import Call, Instruction
from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.focal_plane.sensor import Sensor

SUMS = "sums"
PLANES = ("kernels", "starts", "tiles", "dense")


@dataclass(frozen=True)
class Stage:
    """Instructions in segments, each of which may be launched by itself."""

    name: str
    segments: tuple[tuple[Instruction, ...], ...]


class ClassifierStages:
    """Writes a frame; ``loaded`` are the registers that hold the planes of the weights, by the names of the planes."""

    def __init__(self, network: TiledClassifier, sensor: Sensor, step: int):
        self._network, self._step, self._sensor = network, step, sensor
        digital = sensor.digital
        (self._mask, *_), (self._spread, *_), (self._flag, *_) = digital.mask, digital.propagation, digital.flag
        self._direction = dict(zip(DIRECTIONS, digital.direction, strict=True))
        self._image, self._kernels = list(digital.free[:2]), list(digital.free[2:4])
        self.loaded = dict(zip(PLANES, (self._kernels[0], *digital.free[4:7]), strict=True))
        self._sum = sensor.analog.storage[0]
        self._other, self._third = sensor.analog.storage[1:3]

    def steps(self) -> Iterator[Stage | Call]:
        """In the order in which they run."""
        yield _stage("expose", [_do("get_image", self._sum)])
        yield Call("load_in", (str(-DARK),))
        yield _stage("threshold", self._threshold())
        yield Call("load_in", (str(self._step),))
        yield _stage("convolve", *self._convolve())
        yield Call("load_in", (str(self._step // 2),))
        yield _stage("pool", [*self._rectified(), *self._pool(), *self._rectified()])
        every = (1 << max(self._sensor.height - 1, self._sensor.width - 1).bit_length()) - self._network.pool_size
        yield Call("load_pattern", (self._image[0], "0", self._address(0), str(every), str(every)))
        yield _stage("connect", [*self._spread_over_blocks(), *self._products()])
        for index in range(len(self._network.dense)):
            row, column = divmod(index, self._network.pool_size)
            address = (str(row), self._address(column), str(every), str(every))
            yield Call("global_sum_sparse", (self._other, *address), SUMS)

    def _address(self, column: int) -> str:
        """The address of a column of every block."""
        width = self._sensor.width
        return str(self._sensor.conventions.column_address(column, width) % self._network.pool_size)

    def _threshold(self) -> Iterator[Instruction]:
        yield _do("where", self._sum, "IN")
        yield _do("MOV", self._image[0], self._flag)
        yield _do("all")
        yield _do("res", self._sum)

    def _convolve(self) -> Iterator[list[Instruction]]:
        """Weight by weight, from row to row and turning at each row's end; the kernels come back to their place."""
        before, last = (self._network.kernel_size - 1) // 2, self._network.kernel_size - 1
        start = [self._all_directions()]
        for direction in ["north"] * before + ["west"] * before:
            start += [*self._shift(direction, self._image), self._all_directions()]
        yield start
        path = [step for row in range(last + 1) for step in (*["west" if row % 2 else "east"] * last, "south")][:-1]
        for direction in path:
            yield [*self._add_weight(), *self._shift(direction, self._image, self._kernels)]
        yield [*self._add_weight(), _do("all")]
        back = ["north"] * last + (["west"] * last if last % 2 == 0 else [])
        yield [word for direction in back for word in (*self._shift(direction, self._kernels), self._all_directions())]
        if self._kernels[0] != self.loaded["kernels"]:
            yield [_do("MOV", self.loaded["kernels"], self._kernels[0])]

    def _all_directions(self) -> Instruction:
        return _do("SET", *self._direction.values())

    def _shift(self, direction: str, *pairs: list[str]) -> Iterator[Instruction]:
        """Reads each pair's first register into the second, from a neighbour; all directions are selected before."""
        yield _do("CLR", *(register for name, register in self._direction.items() if name != direction))
        for pair in pairs:
            yield _do("DNEWS0", pair[1], pair[0])
            pair.reverse()

    def _add_weight(self) -> Iterator[Instruction]:
        """Spreads the weight that has come to the start over the tile, and adds or subtracts a step where it is lit.

        Starting from minus the count of lit pixels, one addition would do; but what a chip loses at each write would
        then not cancel between the two signs.
        """
        yield _do("SET", self._mask)
        yield _do("CLR", self._spread)
        yield _do("MOV", self._mask, self.loaded["starts"])
        yield _do("MOV", self._spread, self._kernels[0])
        yield _do("MOV", self._mask, self.loaded["tiles"])
        yield self._all_directions()
        reach = self._sensor.conventions.flood_reach
        for _ in range(1 if reach is None else -(-(sum(self._network.tile) - 2) // reach)):
            yield _do("PROP0")
        yield _do("NOT", self._mask, self._image[0])
        yield _do("CLR", self._spread)
        yield _do("WHERE", self._spread)
        yield _do("add", self._sum, self._sum, "IN")
        negative = self._direction["south"]
        yield _do("NOR", negative, self._mask, self._spread)
        yield _do("WHERE", negative)
        yield _do("sub", self._sum, self._sum, "IN")
        yield self._all_directions()

    def _rectified(self) -> Iterator[Instruction]:
        """Clears what is below half a step: in exact numbers a ReLU, and else the noise of dark pixels as well.

        A maximum over pixels turns noise into an offset, which the weights of thousands of pixels add up.
        """
        yield _do("bus", self._other, self._sum)
        yield _do("where", self._other, "IN")
        yield _do("bus", self._sum)
        yield _do("all")

    def _pool(self) -> Iterator[Instruction]:
        """Every pixel takes the maximum of the block to its south-east."""
        for direction in ("east", "south"):
            for pixels in _doubling(self._network.pool_size):
                yield from self._moved(direction, pixels)
                yield _do("bus", self._third, self._sum)
                yield _do("where", self._other, self._third)
                yield _do("mov", self._sum, self._other)
                yield _do("all")

    def _spread_over_blocks(self) -> Iterator[Instruction]:
        """Keeps the maximum of each block's first pixel, and gives it to the block's other pixels."""
        yield _do("NOT", self._image[1], self._image[0])
        yield _do("WHERE", self._image[1])
        yield _do("bus", self._sum)
        yield _do("all")
        for direction in ("west", "north"):
            for pixels in _doubling(self._network.pool_size):
                yield from self._moved(direction, pixels)
                yield _do("add", self._sum, self._sum, self._other)

    def _moved(self, direction: str, pixels: int) -> Iterator[Instruction]:
        source = self._sum
        for _ in range(pixels // 2):
            yield _do("mov2x", self._other, source, direction, direction)
            source = self._other
        if pixels % 2:
            yield _do("movx", self._other, source, direction)

    def _products(self) -> Iterator[Instruction]:
        yield _do("bus", self._other, self._sum)
        yield _do("WHERE", self.loaded["dense"])
        yield _do("mov", self._other, self._sum)
        yield _do("all")


def _stage(name: str, *segments: Iterable[Instruction]) -> Stage:
    return Stage(name, tuple(map(tuple, segments)))


def _do(mnemonic: str, *operands: str) -> Instruction:
    return Instruction(mnemonic, operands)


def _doubling(pixels: int) -> list[int]:
    """1, 2, 4 ...: shifts after which a pixel has met all of ``pixels``, a power of two."""
    return [1 << power for power in range(pixels.bit_length() - 1)]

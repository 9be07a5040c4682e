"""Writes the program of a classifier that runs on the array as a whole.

The order of work is that of L. Bose et al., "Fully embedding fast convolutional networks on pixel processor arrays",
ECCV 2020: each tile keeps its kernel in a digital register, one weight after the other is flooded over the tile and
added where the shifted image is lit, and the classes' sums come out of the whole array at once. It differs in that

* the accumulator starts at minus the count of lit pixels, and twice the step is added where weight and image agree:
  one masked addition for each weight, and never a value beyond that of the final range;
* image and weights are shifted by the same words, along a path that turns at the end of each row;
* the masked write of the propagation register does the work of AND.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.analog.classifier import TiledClassifier
from larq_focal.focal_plane.analog.convolution import compile_kernels
from larq_focal.focal_plane.analog.taps import KernelError
from larq_focal.focal_plane.machine import Call, Instruction, InstructionSet, Kernel, Launch, Program
from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.focal_plane.machine.program import Statement
from larq_focal.focal_plane.sensor import Sensor

SUMS = "sums"
_FREE = 7  # digital registers: image and kernels twice each, where weights start, tiles, fully connected layer
_STORAGE = 4  # analog registers: at most what the count of lit pixels takes; afterwards three


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassifierPrograms:
    """``setup`` loads the weights, once; ``frame`` then runs for each image, and returns the classes' sums.

    Attributes:
        setup, frame: programs for one simulator, in this order.
        planes: the planes ``[height, width]`` that ``setup`` loads, by name.
        step: what one lit pixel adds, in units of the analog range; the sums count in this unit.
        range_used: the largest value that the network can reach, as a share of the analog range.
        tile_origins: row and column of each kernel's tile.
    """

    setup: Program
    frame: Program
    planes: dict[str, np.ndarray]
    step: int
    range_used: float
    tile_origins: tuple[tuple[int, int], ...]


def classifier_programs(network: TiledClassifier, sensor: Sensor) -> ClassifierPrograms:
    """Writes the programs of ``network`` for ``sensor``.

    Raises:
        KernelError: the array has too few tiles, registers or words for it; the message says what is missing.
    """
    origins = _tile_origins(network, sensor)
    _check_registers(sensor)
    step = sensor.analog.maximum // max(network.kernel_size**2, 2)  # twice the step is added at once
    if step < 1:
        raise KernelError(
            f"A kernel of {network.kernel_size}x{network.kernel_size} counts beyond the analog range of "
            f"{sensor.analog.maximum}; take a smaller one."
        )
    writer = _Writer(network, sensor, step)
    setup = tuple(Call("load_plane", (register, name)) for name, register in writer.loaded.items())
    frame = _program(writer.stages(), sensor)
    return ClassifierPrograms(
        setup=Program((), setup),
        frame=frame,
        planes=_planes(network, sensor, origins),
        step=step,
        range_used=step * network.kernel_size**2 / sensor.analog.maximum,
        tile_origins=origins,
    )


def exposure(network: TiledClassifier, sensor: Sensor, image: np.ndarray) -> np.ndarray:
    """Light ``[height, width]`` for the pixels of the array: ``image`` uint8 once in each tile, dark between."""
    image = np.asarray(image)
    if image.shape != network.image_size:
        raise ValueError(f"The image is {list(image.shape)}, but the network takes {list(network.image_size)}.")
    tile = np.pad(image, network.margins)
    light = np.zeros((sensor.height, sensor.width), image.dtype)
    rows, columns = sensor.height // tile.shape[0], sensor.width // tile.shape[1]
    light[: rows * tile.shape[0], : columns * tile.shape[1]] = np.tile(tile, (rows, columns))
    return light


def _tile_origins(network: TiledClassifier, sensor: Sensor) -> tuple[tuple[int, int], ...]:
    height, width = network.tile
    origins = [(r * height, c * width) for r in range(sensor.height // height) for c in range(sensor.width // width)]
    if len(origins) < len(network.kernels):
        raise KernelError(
            f"{len(network.kernels)} kernels take a tile of {height}x{width} each, and {sensor.name} has room for "
            f"{len(origins)}; take fewer kernels or a smaller image."
        )
    if min(height, width) < 2 * network.kernel_size:
        raise KernelError(f"A tile of {height}x{width} is too small for {network.kernel_size}x{network.kernel_size}.")
    return tuple(origins[: len(network.kernels)])


def _check_registers(sensor: Sensor) -> None:
    digital, analog = sensor.digital, sensor.analog
    missing = [duty for duty in ("mask", "propagation", "flag") if not getattr(digital, duty)]
    if len(digital.direction) < len(DIRECTIONS):
        missing.append("direction")
    if missing or analog.maximum is None or not analog.port:
        missing = missing or ["analog"]
        raise KernelError(f"{sensor.name} lacks what the network needs: {', '.join(missing)} registers.")
    for have, need, kind in ((digital.free, _FREE, "free digital"), (analog.storage, _STORAGE, "analog")):
        if len(have) < need:
            raise KernelError(f"The network takes {need} {kind} registers, and {sensor.name} has {len(have)}.")


def _planes(network: TiledClassifier, sensor: Sensor, origins: tuple[tuple[int, int], ...]) -> dict[str, np.ndarray]:
    shape, size, block = (sensor.height, sensor.width), network.kernel_size, network.pool_size
    planes = {name: np.zeros(shape, bool) for name in ("kernels", "starts", "tiles", "dense")}
    height, width = network.tile
    for index, (top, left) in enumerate(origins):
        seed = np.s_[top + size - 1, left + size - 1]  # so far in that no weight leaves the array
        planes["starts"][seed] = True
        planes["kernels"][seed[0] : seed[0] + size, seed[1] : seed[1] + size] = network.kernels[index]
        planes["tiles"][top : top + height - 1, left : left + width - 1] = True  # a dark row and column stop floods
        tile = planes["dense"][top : top + height, left : left + width]
        for row, column in np.ndindex(block, block):
            if row * block + column < len(network.dense):
                tile[row::block, column::block] = network.dense[row * block + column, :, :, index]
    return planes


class _Writer:
    """Writes the stages of a frame: each a name, and instructions or calls."""

    def __init__(self, network: TiledClassifier, sensor: Sensor, step: int):
        self._network, self._step, self._sensor = network, step, sensor
        digital = sensor.digital
        (self._mask, *_), (self._spread, *_), (self._flag, *_) = digital.mask, digital.propagation, digital.flag
        self._direction = dict(zip(DIRECTIONS, digital.direction, strict=True))
        self._image, self._kernels = list(digital.free[:2]), list(digital.free[2:4])
        self.loaded = dict(
            zip(("kernels", "starts", "tiles", "dense"), (self._kernels[0], *digital.free[4:7]), strict=True)
        )
        self._sum = sensor.analog.storage[0]
        self._other, self._third = sensor.analog.storage[1:3]

    def stages(self) -> Iterator[tuple[str, list[list[Instruction]] | Call]]:
        """In the order in which they run; instructions in segments that may be launched one by one."""
        yield "expose", [[_do("get_image", self._sum)]]
        yield "", Call("load_in", ("-64",))
        yield "threshold", [list(self._threshold())]
        yield "", Call("load_in", (str(self._step),))
        yield "count", [list(self._count())]
        yield "", Call("load_in", (str(2 * self._step),))
        yield "convolve", list(self._convolve())
        yield "pool", [[*self._relu(), *self._pool()]]
        every = (1 << max(self._sensor.height - 1, self._sensor.width - 1).bit_length()) - self._network.pool_size
        yield "", Call("load_pattern", (self._image[0], "0", "0", str(every), str(every)))
        yield "connect", [[*self._spread_over_blocks(), *self._products()]]
        for index in range(len(self._network.dense)):
            row, column = divmod(index, self._network.pool_size)
            address = (str(row), str(column), str(every), str(every))
            yield "", Call("global_sum_sparse", (self._other, *address), SUMS)

    def _threshold(self) -> Iterator[Instruction]:
        yield _do("where", self._sum, "IN")
        yield _do("MOV", self._image[0], self._flag)
        yield _do("all")
        yield _do("res", self._sum)

    def _count(self) -> Iterator[Instruction]:
        """Minus the step for each lit pixel that the kernel covers."""
        yield _do("WHERE", self._image[0])
        yield _do("mov", self._sum, "IN")
        yield _do("all")
        size = self._network.kernel_size
        counted = compile_kernels({"count": -np.ones((size, size))}, self._sensor, input_register=self._sum)
        yield from counted.instructions
        if counted.results["count"] != self._sum:
            yield _do("mov", self._sum, counted.results["count"])

    def _convolve(self) -> Iterator[list[Instruction]]:
        """Weight by weight, from row to row and turning at each row's end; the kernels come back to their place."""
        before, last = (self._network.kernel_size - 1) // 2, self._network.kernel_size - 1
        start = [_do("SET", *self._direction.values())]
        for direction in ["north"] * before + ["west"] * before:
            start += [*self._shift(direction, self._image), _do("SET", *self._direction.values())]
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
        """Spreads the weight that has come to the start over the tile, and adds where it is +1 and the image lit."""
        yield _do("SET", self._mask)
        yield _do("CLR", self._spread)
        yield _do("MOV", self._mask, self.loaded["starts"])
        yield _do("MOV", self._spread, self._kernels[0])
        yield _do("MOV", self._mask, self.loaded["tiles"])
        yield self._all_directions()
        yield _do("PROP0")
        yield _do("NOT", self._mask, self._image[0])
        yield _do("CLR", self._spread)
        yield _do("WHERE", self._spread)
        yield _do("add", self._sum, self._sum, "IN")

    def _relu(self) -> Iterator[Instruction]:
        yield _do("bus", self._other, self._sum)
        yield _do("where", self._other)
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


def _do(mnemonic: str, *operands: str) -> Instruction:
    return Instruction(mnemonic, operands)


def _doubling(pixels: int) -> list[int]:
    """1, 2, 4 ...: shifts after which a pixel has met all of ``pixels``, a power of two."""
    return [1 << power for power in range(pixels.bit_length() - 1)]


def _program(stages: Iterator[tuple[str, list[list[Instruction]] | Call]], sensor: Sensor) -> Program:
    """One kernel a stage; where that is more than the store holds, equal segments share kernels."""
    stages = list(stages)
    whole = _assembled(stages, join=True)
    limit = sensor.code_store_icw
    if limit is None or whole.store_icw(InstructionSet(sensor)) <= limit:
        return whole
    parts = _assembled(stages, join=False)
    if (needed := parts.store_icw(InstructionSet(sensor))) > limit:
        raise KernelError(
            f"The program takes {needed} instruction words, and the store of {sensor.name} holds {limit}."
        )
    return parts


def _assembled(stages: list[tuple[str, list[list[Instruction]] | Call]], join: bool) -> Program:
    names: dict[tuple[Instruction, ...], str] = {}
    main: list[Statement] = []
    for name, content in stages:
        if isinstance(content, Call):
            main.append(content)
            continue
        segments = [[word for segment in content for word in segment]] if join else content
        for index, segment in enumerate(map(tuple, segments)):
            if segment:
                names.setdefault(segment, name if len(segments) == 1 else f"{name}_{index}")
                main.append(Launch(names[segment]))
    return Program(tuple(Kernel(name, words) for words, name in names.items()), tuple(main))

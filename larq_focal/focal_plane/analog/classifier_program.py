"""Writes the program of a classifier that runs on the array as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.focal_plane.analog.classifier import TiledClassifier
from larq_focal.focal_plane.analog.classifier_stages import PLANES, ClassifierStages, Stage
from larq_focal.focal_plane.analog.taps import KernelError
from larq_focal.focal_plane.machine import Call, Instruction, InstructionSet, Kernel, Launch, Program
from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.focal_plane.machine.program import Statement
from larq_focal.focal_plane.sensor import Sensor

_FREE = 7  # digital registers: image and kernels twice each, where weights start, tiles, fully connected layer
_STORAGE = 3  # analog registers: the sum, and two to compare it with its neighbours'


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
    step = sensor.analog.maximum // network.kernel_size**2
    if step < 1:
        raise KernelError(
            f"A kernel of {network.kernel_size}x{network.kernel_size} counts beyond the analog range of "
            f"{sensor.analog.maximum}; take a smaller one."
        )
    stages = ClassifierStages(network, sensor, step)
    setup = tuple(Call("load_plane", (register, name)) for name, register in stages.loaded.items())
    frame = _program(list(stages.steps()), sensor)
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
    planes = {name: np.zeros(shape, bool) for name in PLANES}
    height, width = network.tile
    for index, (top, left) in enumerate(origins):
        seed = np.s_[top + height // 2, left + width // 2]  # amid the tile, from where a flood has least to go
        planes["starts"][seed] = True
        planes["kernels"][seed[0] : seed[0] + size, seed[1] : seed[1] + size] = network.kernels[index]
        planes["tiles"][top : top + height - 1, left : left + width - 1] = True  # a dark row and column stop floods
        tile = planes["dense"][top : top + height, left : left + width]
        for row, column in np.ndindex(block, block):
            if row * block + column < len(network.dense):
                tile[row::block, column::block] = network.dense[row * block + column, :, :, index]
    return planes


def _program(steps: list[Stage | Call], sensor: Sensor) -> Program:
    """One kernel a stage; where that is more than the store holds, equal segments share kernels."""
    instruction_set, limit = InstructionSet(sensor), sensor.code_store_icw
    whole = _assembled([_joined(step) for step in steps])
    if limit is None or whole.store_icw(instruction_set) <= limit:
        return whole
    parts = _assembled(steps)
    if (needed := parts.store_icw(instruction_set)) > limit:
        raise KernelError(
            f"The program takes {needed} instruction words, and the store of {sensor.name} holds {limit}."
        )
    return parts


def _joined(step: Stage | Call) -> Stage | Call:
    if isinstance(step, Call):
        return step
    return Stage(step.name, (tuple(word for segment in step.segments for word in segment),))


def _assembled(steps: list[Stage | Call]) -> Program:
    names: dict[tuple[Instruction, ...], str] = {}
    main: list[Statement] = []
    for step in steps:
        if isinstance(step, Call):
            main.append(step)
            continue
        for index, segment in enumerate(step.segments):
            if segment:
                names.setdefault(segment, step.name if len(step.segments) == 1 else f"{step.name}_{index}")
                main.append(Launch(names[segment]))
    return Program(tuple(Kernel(name, words) for words, name in names.items()), tuple(main))

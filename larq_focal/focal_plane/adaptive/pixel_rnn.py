"""PixelRNN's gated recurrent unit on the array: a hidden plane lives on, and one map leaves every few frames.

H. So et al., "PixelRNN: In-pixel recurrent neural networks for end-to-end-optimized perception with neural sensors",
CVPR 2024, as their code has it (github.com/computational-imaging/PixelRNN, ``rnn_1_mul`` and ``pixelrnn.cpp``): with
binary 5x5 kernels, forget gate f = sign(F_i * x + F_h * h), next hidden state f h, output O_i * x + O_h * h, and a
hidden state of ones at first. There x comes from a convolution; here it is the thresholded image. Sums grow in steps on
two analog registers, as there; the sign of the output is what leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from larq_focal.focal_plane.adaptive.runner import Frame, Region
from larq_focal.focal_plane.machine import InstructionSet, Program, assemble
from larq_focal.focal_plane.sensor import Sensor

SIDE = 5
GUARD = SIDE // 2  # pixels that the map needs around it, for the walk of the kernel

# Registers of the program below.
INPUT_PLANE, HIDDEN, WALKING, MATCH, MAP, OUTPUT = "R5", "R6", "R7", "R8", "R9", "R10"


@dataclass(frozen=True)
class RecurrentWeights:
    """Four kernels ``[5, 5]`` of -1 and +1: from input and hidden state to forget gate and output."""

    forget_input: np.ndarray
    forget_hidden: np.ndarray
    output_input: np.ndarray
    output_hidden: np.ndarray

    def __post_init__(self):
        for field in fields(self):
            kernel = getattr(self, field.name)
            if np.shape(kernel) != (SIDE, SIDE) or not np.isin(kernel, (-1, 1)).all():
                raise ValueError(f"'{field.name}' must be {SIDE}x{SIDE} weights of -1 and +1.")

    @classmethod
    def random(cls, seed: int = 0) -> RecurrentWeights:
        return cls(*np.random.default_rng(seed).choice([-1, 1], (4, SIDE, SIDE)))


class PixelRnn:
    """A policy for ``watch``: updates the hidden state with every frame, and sends the output map of every n-th.

    Args:
        sensor: the sensor.
        weights: the kernels.
        threshold: of the image, in units of the pixel after ``get_image``: 0 to 127.
        step: what one match adds to a sum; sums saturate at the range of the analog registers, in the order of the
            kernel's taps. PixelRNN takes 5 to 20; up to 2 nothing saturates.
        send_every: frames between two maps.
        map_size: height and width of the map in the middle of the array; all but a border of two pixels by default.
            Beyond the map the input and the hidden state are -1.

    Raises:
        ValueError: the map and the border around it are larger than the array.
    """

    def __init__(
        self,
        sensor: Sensor,
        weights: RecurrentWeights,
        threshold: int = 40,
        step: int = 2,
        send_every: int = 16,
        map_size: tuple[int, int] | None = None,
    ):
        instruction_set = InstructionSet(sensor)
        self.send_every = send_every
        self.region = _middle(sensor, map_size)
        self._start = assemble(_START, instruction_set)
        self.program: Program = assemble(_frame_text(sensor, self.region, weights, threshold, step), instruction_set)

    def __call__(self, frame: Frame) -> None:
        if frame.number % self.send_every == 0:
            frame.run("start", self._start)
        frame.run("recurrent unit", self.program)
        if frame.number % self.send_every == self.send_every - 1:
            frame.send_register(OUTPUT, self.region)


def recurrent_reference(
    image: np.ndarray, hidden: np.ndarray, weights: RecurrentWeights, threshold: int = 40, step: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """One frame of the unit in NumPy: the specification of the program.

    Args:
        image: grey values ``[height, width]`` from 0 to 255, of which the sensor keeps the upper 7 bits.
        hidden: the hidden state, truth values of the same shape; True stands for +1.
        weights: the kernels.
        threshold, step: as for ``PixelRnn``.

    Returns:
        The next hidden state and the sign of the output, truth values ``[height, width]``.
    """
    values = np.where(image // 2 > threshold, 1, -1), np.where(hidden, 1, -1)
    sums = {"forget": np.zeros(image.shape, int), "output": np.zeros(image.shape, int)}
    for source, value in zip(("input", "hidden"), values, strict=True):
        padded = np.pad(value, GUARD, constant_values=-1)
        for row, column in _walk():
            seen = padded[row : row + image.shape[0], column : column + image.shape[1]]
            for gate, total in sums.items():
                product = getattr(weights, f"{gate}_{source}")[row, column] * seen
                sums[gate] = np.clip(total + step * product, -128, 127)
    return (sums["forget"] > 0) == hidden, sums["output"] > 0


def _walk() -> Iterator[tuple[int, int]]:
    """The taps of the kernel from its first corner on, one pixel at a time: every second row runs backwards."""
    for row in range(SIDE):
        columns = range(SIDE) if row % 2 == 0 else reversed(range(SIDE))
        yield from ((row, column) for column in columns)


_START = f"kernel start\n SET({HIDDEN})\nend\nmain\n launch(start)\nend"


def _middle(sensor: Sensor, map_size: tuple[int, int] | None) -> Region:
    rows, columns = map_size or (sensor.height - 2 * GUARD, sensor.width - 2 * GUARD)
    top, left = (sensor.height - rows) // 2, (sensor.width - columns) // 2
    if min(top, left) < GUARD or min(rows, columns) < 1:
        raise ValueError(
            f"A map of {rows}x{columns} and {GUARD} pixels around it do not fit in {sensor.height}x{sensor.width}."
        )
    return np.s_[top : top + rows, left : left + columns]


def _frame_text(sensor: Sensor, region: Region, weights: RecurrentWeights, threshold: int, step: int) -> str:
    rows, columns = region
    first, last = sensor.conventions.column_addresses_of(columns.start, columns.stop - 1, sensor.width)
    main = [
        f"load_rect({MAP}, {rows.start}, {first}, {rows.stop - 1}, {last})",
        *(f"load_in({threshold})", "launch(look)", f"load_in({step})", "launch(clear)"),
    ]
    for source in ("input", "hidden"):
        main += [f"launch(take_{source})", *["launch(move_west)", "launch(move_north)"] * GUARD]
        place = None
        for row, column in _walk():
            if place:
                main.append(f"launch(move_{_direction(place, (row, column))})")
            kernels = (getattr(weights, f"{gate}_{source}") for gate in ("forget", "output"))
            main.append("launch(tap_" + "".join("p" if kernel[row, column] > 0 else "m" for kernel in kernels) + ")")
            place = (row, column)
    return "\n".join([*_kernels(), "main", *main, "launch(update)", "end"])


def _direction(old: tuple[int, int], new: tuple[int, int]) -> str:
    """The neighbour to take next in the walk from tap ``old`` to tap ``new``."""
    return {(1, 0): "south", (0, 1): "east", (0, -1): "west"}[new[0] - old[0], new[1] - old[1]]


def _kernels() -> Iterator[str]:
    kernels = {
        "look": [
            "get_image(A)",
            "sub(B, A, IN)",
            f"CLR({INPUT_PLANE})",
            "where(B)",
            f"MOV({INPUT_PLANE}, FLAG)",
            "all()",
        ],
        "clear": ["mov(F, IN)", "res(C, D)"],
        "update": _update(),
    }
    for source, plane in (("input", INPUT_PLANE), ("hidden", HIDDEN)):
        kernels[f"take_{source}"] = [f"AND({WALKING}, {plane}, {MAP})"]
    for direction in ("south", "north", "east", "west"):
        kernels[f"move_{direction}"] = [f"DNEWS({MATCH}, {WALKING}, {direction})", f"MOV({WALKING}, {MATCH})"]
    for forget in "pm":
        for output in "pm":
            kernels[f"tap_{forget}{output}"] = _tap(forget, output)
    for name, instructions in kernels.items():
        yield "\n".join([f"kernel {name}", *instructions, "end"])


def _tap(forget: str, output: str) -> list[str]:
    """Adds the step to both sums where input and weight agree, and takes it off where they do not."""
    ones = {"p": "add", "m": "sub"}
    zeros = {"p": "sub", "m": "add"}
    return [
        *(f"WHERE({WALKING})", f"{ones[forget]}(C, C, F)", f"{ones[output]}(D, D, F)", "ALL()"),
        *(f"NOT({MATCH}, {WALKING})", f"WHERE({MATCH})"),
        *(f"{zeros[forget]}(C, C, F)", f"{zeros[output]}(D, D, F)", "ALL()"),
    ]


def _update() -> list[str]:
    """The hidden state is multiplied with the sign of the forget gate; the output's sign is kept."""
    same = [
        *(f"NOR(R1, {MATCH}, {HIDDEN})", f"NOR(R2, {MATCH}, R1)", f"NOR(R3, {HIDDEN}, R1)"),
        f"NOR({HIDDEN}, R2, R3)",
    ]
    return [
        *(f"CLR({MATCH}, {OUTPUT})", "where(C)", f"MOV({MATCH}, FLAG)", "all()"),
        *("where(D)", f"MOV({OUTPUT}, FLAG)", "all()", *same),
    ]

"""Convolution kernels as weights by offset, and what a run of analog instructions computes in these terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np

from larq_focal.focal_plane.machine import Instruction, InstructionSet
from larq_focal.focal_plane.machine.bit_planes import OPPOSITE
from larq_focal.focal_plane.machine.pixel_array import NEIGHBOUR_PORTS

Offset = tuple[int, int]
Taps = dict[Offset, Fraction]

STEPS: dict[str, Offset] = {"north": (-1, 0), "south": (1, 0), "west": (0, -1), "east": (0, 1)}
_LINEAR = ("bus", "bus2", "bus3", "nop")


class KernelError(ValueError):
    """A kernel that cannot be compiled; the message names it, the fault and the mend."""


def taps_of(kernel: np.ndarray) -> Taps:
    """The weights of ``kernel`` ``[rows, columns]`` that are not 0, by their offset ``(row, column)`` from the centre.

    A pixel's result is the sum of each weight times the pixel at that offset, as in Keras; of an even size the centre
    is the pixel before the middle, as with Keras' "same" padding.
    """
    kernel = np.asarray(kernel)
    top, left = ((size - 1) // 2 for size in kernel.shape)
    return {(int(r) - top, int(c) - left): Fraction(float(kernel[r, c])) for r, c in np.argwhere(kernel)}


def moved(taps: Mapping[Offset, Fraction], direction: str) -> Taps:
    """What a pixel's neighbour in ``direction`` holds, where every pixel holds ``taps``."""
    rows, columns = STEPS[direction]
    return {(r + rows, c + columns): weight for (r, c), weight in taps.items()}


def registers_after(
    instructions: Iterable[Instruction], instruction_set: InstructionSet, input_register: str
) -> dict[str, Taps]:
    """The taps that each analog register holds after ``instructions``, with the image in ``input_register`` before.

    The readable reference for the simulator's response to an impulse; it knows neither borders nor saturation.

    Raises:
        KernelError: an instruction is not linear, or reads a register that nothing was written to.
    """
    (news,) = instruction_set.registers["A"][-len(NEIGHBOUR_PORTS) - 1 : -len(NEIGHBOUR_PORTS)]
    held: dict[str, Taps] = {input_register: {(0, 0): Fraction(1)}}
    for instruction in instructions:
        for word in instruction_set.words(instruction):
            if word.form.mnemonic not in _LINEAR:
                raise KernelError(f"{instruction} is not linear; it has no taps.")
            total: Taps = {}
            for source in word.sources:
                if (news if source in NEIGHBOUR_PORTS else source) not in held:
                    raise KernelError(f"{instruction} reads {source}, which nothing was written to.")
                taps = moved(held[news], NEIGHBOUR_PORTS[source]) if source in NEIGHBOUR_PORTS else held[source]
                for offset, weight in taps.items():
                    total[offset] = total.get(offset, Fraction(0)) - weight / len(word.targets)
            total = {offset: weight for offset, weight in total.items() if weight}
            for target in word.targets:
                if target in NEIGHBOUR_PORTS:
                    held[news] = moved(total, OPPOSITE[NEIGHBOUR_PORTS[target]])
                else:
                    held[target] = total
    return held

"""Compiles convolution kernels to analog instructions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np
from rich.console import Group
from rich.text import Text

from larq_focal.focal_plane.analog.kernel_search import KernelLattice, SearchLimits, found_program, gain_of
from larq_focal.focal_plane.analog.linear import registers_after
from larq_focal.focal_plane.analog.register_assignment import assigned
from larq_focal.focal_plane.analog.separable import separable_program
from larq_focal.focal_plane.analog.taps import KernelError, Taps, taps_of
from larq_focal.focal_plane.machine import Instruction, InstructionSet, Kernel, Launch, Program
from larq_focal.focal_plane.progress import Progress, silent
from larq_focal.focal_plane.sensor import Sensor
from larq_focal.result import Result
from larq_focal.text import counted

Division = Literal["div", "divq"]

MOST_HALVINGS = 7  # the image's full range divided by this power of two leaves one step
_NODES_OF_A_STEP = 200  # which kernels of one axis rarely need


@dataclass(frozen=True, repr=False)
class CompiledKernels(Result):
    """A program that convolves an image with one or several kernels.

    ``results`` are the registers of the results by the names of the kernels. ``icw`` are the instruction words.
    ``gain`` is the largest sum of the sizes of weights in any register on the way: an image of values up to
    ``127 / gain`` cannot saturate; one bright pixel must not exceed ``127 / largest_weight``. ``halvings`` is how often
    the image is divided by two: values that are multiples of ``2 ** halvings`` come out exactly, others are rounded at
    each division, halves to even.
    """

    instructions: tuple[Instruction, ...]
    input_register: str
    results: Mapping[str, str]
    icw: int
    gain: Fraction
    largest_weight: Fraction
    halvings: int
    nodes: int

    @property
    def program(self) -> Program:
        """Runs the instructions once."""
        return Program((Kernel("convolution", self.instructions),), (Launch("convolution"),))

    def to_dict(self) -> dict[str, Any]:
        return {
            "instructions": [str(instruction) for instruction in self.instructions],
            "input_register": self.input_register,
            "results": dict(self.results),
            "icw": self.icw,
            "gain": float(self.gain),
            "largest_weight": float(self.largest_weight),
            "halvings": self.halvings,
            "nodes": self.nodes,
        }

    @property
    def headline(self) -> str:
        return f"{', '.join(self.results)} in {counted(self.icw, 'instruction word')}"

    def __rich__(self) -> Group:
        where = ", ".join(f"{name} in {register}" for name, register in self.results.items())
        return Group(
            Text("\n".join(map(str, self.instructions))),
            Text(f"{counted(self.icw, 'instruction word')}; image in {self.input_register}, then {where}"),
            Text(f"exact for images of multiples of {2**self.halvings} up to {int(127 / self.gain)}"),
        )


def compile_kernels(
    kernels: Mapping[str, np.ndarray],
    sensor: Sensor,
    *,
    division: Division = "div",
    input_register: str | None = None,
    time_limit_s: float = 60.0,
    most_nodes: int = 5000,
    seed: int = 0,
    progress: Progress = silent,
) -> CompiledKernels:
    """Finds a short program of analog instructions for convolutions of one image.

    Separable kernels are first computed along one axis and then along the other; the search looks for fewer words.

    Results follow Keras: a pixel gets the sum of each weight times the pixel at the weight's offset from the centre.
    A ring of a few pixels at the border of the array is wrong, as what is shifted over the border is lost. Every
    program is checked before it is returned: what its instructions compute, word by word, are the kernels.

    Args:
        kernels: ``[rows, columns]`` by name; weights are multiples of ``2 ** -7`` or of a larger power of two.
        sensor: its analog registers hold the values.
        division: ``div``, of five words, makes up for the error of a division; ``divq`` of two words does not.
        input_register: where the image is; by default the first analog register. Its content is lost.
        time_limit_s: the search stops after this time; runs that it stops differ from machine to machine.
        most_nodes: the search stops after so many states; runs that it stops are alike on all machines.
        seed: the order of states that look alike.
        progress: called with a line of text before each pass of the search.

    Raises:
        KernelError: a kernel is empty, or has a weight that is too large or divides too finely; or no program was
            found in the registers and within the limits.
    """
    names = sensor.analog.storage
    input_register = input_register or names[0]
    if input_register not in names:
        raise KernelError(f"{input_register} does not store analog values; choose from {', '.join(names)}.")
    if division not in get_args(Division):
        raise KernelError(f"There is no division '{division}'; choose from {', '.join(get_args(Division))}.")
    wanted = {name: _checked(name, kernel) for name, kernel in kernels.items()}
    if not wanted:
        raise KernelError("There is no kernel; give one or more by name.")
    taps = [*wanted.values()]
    whole = KernelLattice.of(taps)
    most_gain = max(Fraction(1), *map(gain_of, taps))
    limits = SearchLimits(len(names), most_nodes, time_limit_s, seed)
    narrow = replace(limits, most_nodes=min(most_nodes, _NODES_OF_A_STEP))
    progress("searching programs in two steps, along rows and along columns")
    first = separable_program(whole, taps, division, most_gain, narrow)
    found = found_program(whole, taps, division, most_gain, limits, first.icw if first else math.inf, progress) or first
    if found is None:
        raise KernelError(
            f"No program was found for {', '.join(wanted)} in {len(names)} registers within "
            f"{counted(most_nodes, 'state')} and {time_limit_s:g} s; allow more, or compile fewer kernels at once."
        )
    packed = {name: whole.packed(kernel) for name, kernel in wanted.items()}
    instructions, registers = assigned(found.moves, whole.source, packed.values(), names, input_register)
    results = {name: registers[kernel] for name, kernel in packed.items()}
    _check(instructions, InstructionSet(sensor), input_register, results, wanted)
    patterns = [whole.lattice.pattern(kernel) for kernel in (whole.source, *(move.result for move in found.moves))]
    return CompiledKernels(
        instructions=instructions,
        input_register=input_register,
        results=results,
        icw=found.icw,
        gain=Fraction(max(pattern.gain for pattern in patterns), 1 << whole.halvings),
        largest_weight=Fraction(max(max(map(abs, pattern.weights)) for pattern in patterns), 1 << whole.halvings),
        halvings=whole.halvings,
        nodes=found.nodes,
    )


def _checked(name: str, kernel: np.ndarray) -> Taps:
    kernel = np.asarray(kernel, np.float64)
    if kernel.ndim != 2:
        raise KernelError(f"Kernel '{name}' has {kernel.ndim} dimensions; give rows and columns.")
    if not np.isfinite(kernel).all():
        raise KernelError(f"Kernel '{name}' holds a weight that is not finite.")
    taps = taps_of(kernel)
    if not taps:
        raise KernelError(f"Kernel '{name}' has no weight but 0; leave it out.")
    for offset, weight in taps.items():
        if weight.denominator > 1 << MOST_HALVINGS:
            raise KernelError(
                f"Kernel '{name}' has the weight {float(weight)} at {offset}; round weights to multiples of "
                f"1/{1 << MOST_HALVINGS}, below which the analog range has no steps."
            )
    if sum(map(abs, taps.values())) > 127:
        raise KernelError(f"The weights of kernel '{name}' add up beyond the analog range of 127; scale them down.")
    return taps


def _check(
    instructions: tuple[Instruction, ...],
    instruction_set: InstructionSet,
    input_register: str,
    results: Mapping[str, str],
    wanted: Mapping[str, Taps],
) -> None:
    held = registers_after(instructions, instruction_set, input_register)
    for name, taps in wanted.items():
        if held[results[name]] != taps:
            raise AssertionError(f"The program for '{name}' computes {held[results[name]]}; please report this.")

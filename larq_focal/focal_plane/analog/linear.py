"""What linear analog instructions do to registers, as sums of terms instead of numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from larq_focal.focal_plane.analog.taps import KernelError, Taps, moved_offset
from larq_focal.focal_plane.machine import Instruction, InstructionSet
from larq_focal.focal_plane.machine.bit_planes import OPPOSITE
from larq_focal.focal_plane.machine.pixel_array import NEIGHBOUR_PORTS

Term = tuple[str, int, int]
Form = dict[Term, Fraction | float]

_LINEAR = ("bus", "bus2", "bus3", "nop")


class LinearRun:
    """Registers during a run, each a form: coefficients by term.

    A term is a name with the row and column at which it stands from the pixel; at first each register given holds the
    term of its own name. It knows neither borders nor saturation, masks nor rounding.
    """

    def __init__(self, instruction_set: InstructionSet, registers: Iterable[str], one: Fraction | float = 1.0):
        self._set = instruction_set
        (self._news,) = instruction_set.registers["A"][-len(NEIGHBOUR_PORTS) - 1 : -len(NEIGHBOUR_PORTS)]
        self.held: dict[str, Form] = {name: {(name, 0, 0): one} for name in registers}

    def run(self, instructions: Iterable[Instruction]) -> None:
        """Executes ``instructions`` word by word.

        Raises:
            KernelError: an instruction is not linear, or reads a register that nothing was written to.
        """
        for instruction in instructions:
            for word in self._set.words(instruction):
                if word.form.mnemonic not in _LINEAR:
                    raise KernelError(f"{instruction} is not linear; what it computes cannot be told.")
                self._execute(instruction, word.targets, word.sources)

    def _execute(self, instruction: Instruction, targets: tuple[str, ...], sources: tuple[str, ...]) -> None:
        total: Form = defaultdict(int)
        for source in sources:
            if (self._news if source in NEIGHBOUR_PORTS else source) not in self.held:
                raise KernelError(f"{instruction} reads {source}, but nothing was written to it.")
            for term, coefficient in self._read(source).items():
                total[term] -= coefficient / len(targets)
        for target in targets:
            form = self.written({term: value for term, value in total.items() if value}, len(targets) > 1)
            if target in NEIGHBOUR_PORTS:
                self.held[self._news] = _moved(form, OPPOSITE[NEIGHBOUR_PORTS[target]])
            else:
                self.held[target] = form

    def written(self, form: Form, is_share: bool) -> Form:
        """What a register holds after ``form`` was written to it; ``is_share`` where several share a value."""
        return form

    def _read(self, source: str) -> Mapping[Term, Fraction | float]:
        if source in NEIGHBOUR_PORTS:
            return _moved(self.held[self._news], NEIGHBOUR_PORTS[source])
        return self.held[source]


def _moved(form: Form, direction: str) -> Form:
    return {(name, *moved_offset((row, column), direction)): value for (name, row, column), value in form.items()}


def registers_after(
    instructions: Iterable[Instruction], instruction_set: InstructionSet, input_register: str
) -> dict[str, Taps]:
    """The taps that each analog register holds after ``instructions``, with the image in ``input_register`` before.

    The readable reference for the simulator's response to an impulse.

    Raises:
        KernelError: an instruction is not linear, or reads a register that nothing was written to.
    """
    run = LinearRun(instruction_set, [input_register], Fraction(1))
    run.run(instructions)
    return {name: {(r, c): weight for (_, r, c), weight in form.items()} for name, form in run.held.items()}

"""A written program, compiled here and run, against the interpreter: never a program that computes something else."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from larq_focal.deploy.audit.agreement import Agreement
from larq_focal.deploy.rounding_sensitivity import FACTOR, rounding_sensitivity
from larq_focal.mcu.host import HostProgram, NoCompiler
from larq_focal.mcu.program import Program
from larq_focal.network.interpret import interpret

_TOLERANCE = 1e-5
"""Of the largest output: what the order of float sums makes, where it turns no sign and no level."""


@dataclass(frozen=True)
class CAudit:
    """What came of the comparison.

    Attributes:
        samples: how many were run; 0 where there is no compiler.
        equal: those with all outputs equal to the bit.
        largest_difference: of any output, relative to the largest value of that.
        own_difference: how far outputs of samples that differ move by themselves when inputs and float weights change
            by a few millionths, likewise; 0 where it was not needed.
        has_floats: whether the program computes with floats, whose sums depend on their order.
        note: why nothing was run, or "".
    """

    samples: int
    equal: int
    largest_difference: float
    own_difference: float
    has_floats: bool
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whole numbers must be equal; floats may differ by as much as rounding can explain."""
        if self.samples == 0 or self.equal == self.samples:
            return True
        return self.has_floats and self.largest_difference <= max(_TOLERANCE, FACTOR * self.own_difference)

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "passed": self.passed}

    def __str__(self) -> str:
        if self.samples == 0:
            return f"not compared with the interpreter: {self.note}"
        if self.equal == self.samples:
            return f"equal to the interpreter to the bit on {self.samples} samples, compiled and run here"
        return (
            f"equal to the interpreter to the bit on {self.equal} of {self.samples} samples, compiled and run here; "
            f"the largest difference is {self.largest_difference:.1e} of the largest output, by the order of float sums"
        )


def audit_program(program: Program, folder: Path, name: str, data: dict[str, np.ndarray], has_floats: bool) -> CAudit:
    """Compiles the program in a folder and compares its outputs with those of the interpreter.

    Args:
        program: what was written.
        folder: with network.c and network.h.
        name: of the network in C.
        data: ``[N, ...]`` for each input.
        has_floats: whether it computes with floats.
    """
    with tempfile.TemporaryDirectory(prefix="larq_focal-") as build:
        try:
            executable = HostProgram([folder], [program], [name], Path(build))
        except NoCompiler as error:
            return CAudit(0, 0, 0.0, 0.0, has_floats, str(error))
        actual = executable.run(0, data)
    expected = interpret(program.graph, data, program.graph.outputs)
    count = len(next(iter(data.values())))
    equal, differences, largest_output = np.ones(count, bool), np.zeros(count), 1e-30
    for output in program.graph.outputs:
        difference = np.abs(actual[output].astype(np.float64) - expected[output]).reshape(count, -1)
        equal &= ~difference.any(1)
        differences = np.maximum(differences, difference.max(1))
        largest_output = max(largest_output, float(np.abs(expected[output]).max()))
    tolerance = _TOLERANCE * largest_output
    differing = tuple(map(int, np.flatnonzero(differences > tolerance)))
    largest, own = float(differences.max()), 0.0
    if has_floats and differing:
        agreement = Agreement(count, 0, largest, largest_output, differing, tolerance, "the interpreter")
        own = rounding_sensitivity(program.graph, data, agreement, seed=0)
    return CAudit(count, int(equal.sum()), largest / largest_output, own / largest_output, has_floats)

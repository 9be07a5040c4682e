"""Running a program file on the simulated array, from the file and an image alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.text import Text

from larq_focal.files import written_whole
from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.program_file import read_program
from larq_focal.focal_plane.machine.noise import Noise
from larq_focal.focal_plane.machine.simulator import Run, Simulator
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table
from larq_focal.text import shape_text


@dataclass(frozen=True, repr=False)
class Simulation(Result):
    """One frame: ``values`` ``[height, width, channels]`` that the controller read, by name, and what the run took."""

    values: Mapping[str, np.ndarray]
    run: Run

    def save(self, path: str | Path) -> Path:
        """Writes the values to a ``.npz`` file."""
        with written_whole(path) as file:
            np.savez_compressed(file, **self.values)
        return Path(path)

    def to_dict(self) -> dict[str, Any]:
        run = self.run.to_dict()
        run.pop("results")
        return {"values": {name: value.tolist() for name, value in self.values.items()}, "run": run}

    @property
    def headline(self) -> str:
        shapes = ", ".join(f"{name} {shape_text(value.shape)}" for name, value in self.values.items())
        return f"{shapes}, {self.run.total_icw:,} words executed"

    def __rich__(self) -> Group:
        table = new_table()
        add_name(table, "value")
        add_figures(table, "shape", "least", "mean", "most")
        for name, value in self.values.items():
            figures = f"{value.min():,}", f"{value.mean():,.3f}", f"{value.max():,}"
            table.add_row(Text(name), shape_text(value.shape), *figures)
        return Group(table, Text(), self.run)


def simulate(program: str | Path | ArrayProgram, image: np.ndarray, noise: Noise | None = None) -> Simulation:
    """Runs one frame of a program.

    Args:
        program: a program, or the file that ``write_program`` or ``larq-focal compile`` wrote.
        image: ``[height, width, channels]`` as the program takes it. Where it looks at light, integers are grey levels
            from 0 to 255 and anything else values of the network; else the sign counts.
        noise: errors of the analog registers; exact without.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a program, or the image has another shape than the program takes.
    """
    if not isinstance(program, ArrayProgram):
        program = read_program(program)
    values, run = program.frame(
        Simulator(program.sensor, noise), {source.name: np.asarray(image) for source in program.inputs}
    )
    return Simulation(values, run)

"""Running a program file on the simulated array, from the file and its images alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.text import Text

from larq_focal.deploy.output_file import write_outputs
from larq_focal.focal_plane.compiler.array_program import ArrayProgram
from larq_focal.focal_plane.compiler.program_file import read_program
from larq_focal.focal_plane.machine.noise import Noise
from larq_focal.focal_plane.machine.simulator import Run, Simulator
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table
from larq_focal.text import shape_text

_MOST_SHOWN = 5  # classes


@dataclass(frozen=True, repr=False)
class Simulation(Result):
    """One frame: what the controller read and computed, and what the run took.

    ``values`` are signs or sums, ``[height, width, channels]`` of maps and ``[units]`` of dense layers, by name;
    ``outputs`` those of the network. Where the network has one output, a vector, it holds the scores of classes, which
    are called ``class_names`` if the program says so.
    """

    values: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    run: Run
    class_names: tuple[str, ...] | None = None

    @property
    def scores(self) -> np.ndarray | None:
        """Of the classes; None where the network gives something else."""
        outputs = [*self.outputs.values()]
        return outputs[0] if len(outputs) == 1 and outputs[0].ndim == 1 and outputs[0].size > 1 else None

    def best(self) -> list[dict[str, Any]]:
        """Up to five classes, highest score first; of equal scores the lower class. None where there are no scores."""
        if self.scores is None:
            return []
        ranked = np.argsort(-self.scores.astype(np.float64), kind="stable")[:_MOST_SHOWN].tolist()
        names = [{"name": self.class_names[number]} if self.class_names else {} for number in ranked]
        return [
            {"class": number, **name, "score": self.scores[number].item()}
            for number, name in zip(ranked, names, strict=True)
        ]

    def save(self, path: str | Path) -> Path:
        """Writes outputs and values to a ``.npz`` file; of one name the outputs."""
        write_outputs(path, {**self.values, **self.outputs})
        return Path(path)

    def to_dict(self) -> dict[str, Any]:
        run = self.run.to_dict()
        run.pop("results")
        return {
            "classes": self.best(),
            "outputs": {name: value.tolist() for name, value in self.outputs.items()},
            "values": {name: value.tolist() for name, value in self.values.items()},
            "run": run,
        }

    @property
    def headline(self) -> str:
        if self.scores is not None:
            first = self.best()[0]
            found = f"class {first['class']}" + (f" {first['name']}" if "name" in first else "")
        else:
            found = ", ".join(f"{name} {shape_text(value.shape)}" for name, value in self.values.items())
        return f"{found}, {self.run.total_icw:,} words executed"

    def __rich__(self) -> Group:
        parts = [] if self.scores is None else [self._class_table(), Text()]
        table = new_table()
        add_name(table, "read out")
        add_figures(table, "shape", "least", "mean", "most")
        for name, value in self.values.items():
            figures = f"{value.min():,}", f"{value.mean():,.3f}", f"{value.max():,}"
            table.add_row(Text(name), shape_text(value.shape), *figures)
        return Group(*parts, table, Text(), self.run)

    def _class_table(self):
        table = new_table()
        add_name(table, "class")
        add_figures(table, "score")
        for row in self.best():
            label = str(row["class"]) + (f" {row['name']}" if "name" in row else "")
            table.add_row(Text(label), f"{row['score']:.4g}")
        return table


def simulate(
    program: str | Path | ArrayProgram, images: np.ndarray | Mapping[str, np.ndarray], noise: Noise | None = None
) -> Simulation:
    """Runs one frame of a program, and what the controller computes before and behind it.

    Args:
        program: a program, or the file that ``write_program`` or ``larq-focal compile`` wrote.
        images: ``[height, width, channels]`` as the network takes it; of several inputs one for each name. Integers are
            grey levels from 0 to 255 and anything else values of the network.
        noise: errors of the analog registers; exact without.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a program, or an image is missing or has another shape than the network takes.
    """
    if not isinstance(program, ArrayProgram):
        program = read_program(program)
    names = program.image_shapes
    if not isinstance(images, Mapping):
        if len(names) > 1 and program.controller:
            raise ValueError(f"The network takes the images {', '.join(names)}: give one for each name.")
        images = dict.fromkeys(names, images)
    frame = program.network_frame(Simulator(program.sensor, noise), {n: np.asarray(i) for n, i in images.items()})
    class_names = program.controller.class_names if program.controller else None
    return Simulation(frame.values, frame.outputs, frame.run, class_names)

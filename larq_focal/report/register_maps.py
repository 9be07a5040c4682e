"""The register maps of a run, layer by layer, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from larq_focal.bench.records.schema import Record
from larq_focal.report.runs import Run

# What registers are for, with the words of the register fit that tell it; ``style.css`` has a colour for each.
ROLE_GROUPS = {
    "input": ("input",),
    "weights": ("weight",),
    "count": ("count", "carry-save", "accumulator", "charge"),
    "output": ("output",),
    "control": ("mask", "direction", "kept at one", "port", "temporary", "constant"),
}


@dataclass(frozen=True)
class Bank:
    """The digital or the analog registers of one layer: the cells in use, and counts of used and existing ones.

    ``needed`` is None where there is no program.
    """

    name: str
    cells: list[Record]
    needed: int | None
    nominal: int
    usable: int

    @property
    def free(self) -> int:
        """Registers that the sensor names and the layer leaves alone."""
        return max(0, self.nominal - (self.needed or 0))


def register_maps(run: Run) -> list[tuple[Record, list[Bank]]]:
    """Each layer of the register fit with its two banks; empty where the fit was not judged."""
    layers = run.record["fit"]["layers"] if run.record["fit"] else []
    return [(layer, [_bank(layer, "digital"), _bank(layer, "analog")]) for layer in layers]


def role_group(role: str) -> str:
    """Which of ``ROLE_GROUPS`` a role belongs to, by the words in it; "other" where none is known."""
    return next((group for group, words in ROLE_GROUPS.items() if any(word in role for word in words)), "other")


def _bank(layer: Record, name: str) -> Bank:
    cells = [cell | {"group": role_group(cell["role"])} for cell in layer["registers"] if cell["kind"] == name]
    return Bank(name, cells, **{count: layer[name][count] for count in ("needed", "nominal", "usable")})

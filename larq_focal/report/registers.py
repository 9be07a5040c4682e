"""The register maps of a run, layer by layer, ready to be drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from larq_focal.report.records import Record
from larq_focal.report.runs import COLOURS, Run


@dataclass(frozen=True)
class Bank:
    """The digital or the analog registers of one layer: the cells in use, and counts of used and existing ones.

    ``needed`` and ``held`` (values that live throughout) are None where no schedule can be made.
    """

    name: str
    cells: list[Record]
    needed: int | None
    nominal: int
    held: int | None
    usable: int

    @property
    def free(self) -> int:
        """Registers that the sensor names and the layer leaves alone."""
        return max(0, self.nominal - (self.needed or 0))


def register_maps(run: Run) -> list[tuple[Record, list[Bank]]]:
    """Each layer of the register fit with its two banks; empty where the fit was not judged."""
    layers = run.record["fit"]["layers"] if run.record["fit"] else []
    return [(layer, [_bank(layer, "digital"), _bank(layer, "analog")]) for layer in layers]


def role_colours(runs: Sequence[Run]) -> dict[str, str]:
    """A colour for each kind of role, in the order in which the maps name them."""
    registers = (cell for run in runs for layer, _ in register_maps(run) for cell in layer["registers"])
    kinds = dict.fromkeys(role_kind(cell["role"]) for cell in registers)
    return {kind: f"var(--run-{number % COLOURS})" for number, kind in enumerate(kinds)}


def role_kind(role: str) -> str:
    """What a role has in common with its neighbours: "counter bit 3" is a "counter bit"."""
    return re.sub(r"\W*\d+$", "", role.strip())


def _bank(layer: Record, name: str) -> Bank:
    cells = [cell | {"role_kind": role_kind(cell["role"])} for cell in layer["registers"] if cell["kind"] == name]
    return Bank(name, cells, **{count: layer[name][count] for count in ("needed", "nominal", "held", "usable")})

"""What a network would take on a microcontroller: the row of a benchmark, as far as it can be told on this machine."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from larq_focal.mcu.emulator import DEFAULT_MICROCONTROLLER, MICROCONTROLLERS
from larq_focal.mcu.errors import CExportError
from larq_focal.mcu.export import export_c
from larq_focal.mcu.run_report import NotCounted, RunReport, check_given, flash_bytes, report_run
from larq_focal.messages import short
from larq_focal.network.graph import QuantGraph


@dataclasses.dataclass(frozen=True)
class Board:
    """A microcontroller as a user has it.

    Attributes:
        microcontroller: One of ``MICROCONTROLLERS``.
        clock_hz: Of its processor; without it no time is estimated.
        cycles_per_instruction: For the estimate; 1 makes it a lower bound.
        power_mw: Of the processor at that clock, from its data sheet, for the energy.

    Raises:
        ValueError: There is no such microcontroller, or a figure is not positive.
    """

    microcontroller: str = DEFAULT_MICROCONTROLLER
    clock_hz: float | None = None
    cycles_per_instruction: float = 1.0
    power_mw: float | None = None

    def __post_init__(self):
        if self.microcontroller not in MICROCONTROLLERS:
            names = ", ".join(MICROCONTROLLERS)
            raise ValueError(f"There is no microcontroller '{self.microcontroller}'; choose from {names}.")
        check_given(self.clock_hz, self.cycles_per_instruction, self.power_mw)


def report_graph(graph: QuantGraph, board: Board, *, pixels: str | None = None) -> RunReport:
    """Writes a network in C for a board, checks the program and counts its instructions; nothing is kept.

    Where the network has no C, or instructions cannot be counted on this machine, the notes of the report say why.

    Args:
        graph: The network.
        board: What it would run on.
        pixels: As of ``export_c``; nothing for a network that takes 8-bit pixels.
    """
    given = dataclasses.asdict(board)
    takes_pixels = all(op.takes_bytes for op in graph.inputs)
    with tempfile.TemporaryDirectory(prefix="larq_focal-") as folder:
        target = MICROCONTROLLERS[board.microcontroller].target
        try:
            export = export_c(graph, Path(folder) / "c", target=target, pixels=None if takes_pixels else pixels)
        except (CExportError, ValueError) as error:
            return RunReport(network=graph.name, notes=(f"Not written in C: {short(error, 300)}",), **given)
    try:
        return report_run(export, **given)
    except NotCounted as error:
        taken = {"flash_bytes": flash_bytes(export), "ram_bytes": export.cost.ram_bytes}
        return RunReport(network=graph.name, notes=(str(error),), **taken, **given)

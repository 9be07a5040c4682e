"""The row of a report on a network in C: flash, RAM, instructions, and what time and energy these come to."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text

from larq_focal.deploy.graph_samples import random_samples
from larq_focal.mcu.emulated_run import run_emulated
from larq_focal.mcu.emulator import MICROCONTROLLERS, Microcontroller
from larq_focal.mcu.export import CExport
from larq_focal.mcu.program import program_of
from larq_focal.mcu.writer import Placement, header_text, source_text
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table
from larq_focal.text import UNKNOWN

_SAMPLES = 3


class NotCounted(ValueError):
    """The instructions cannot be counted here; the message says what to install."""


@dataclass(frozen=True, repr=False, kw_only=True)
class RunReport(Result):
    """What a run of a network takes on a microcontroller.

    Time and energy are estimates: the clock that was given, ``cycles_per_instruction`` for each instruction, and no
    wait states of the flash. With one cycle they are lower bounds; a board takes longer.

    Attributes:
        network: Its name.
        microcontroller: On whose emulation the instructions were counted.
        flash_bytes: Tables and code; None where the code was not measured.
        ram_bytes: The context of a run; None where the network is not written in C.
        instructions: The most that one of some samples took; None where they were not counted.
        clock_hz: Given, or None.
        cycles_per_instruction: Given, or 1.
        power_mw: Of the processor at that clock; None if not given.
        notes: Why something is None.
    """

    network: str
    microcontroller: str
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    instructions: int | None = None
    clock_hz: float | None = None
    cycles_per_instruction: float = 1.0
    power_mw: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def latency_ms(self) -> float | None:
        """An estimate."""
        if self.instructions is None or self.clock_hz is None:
            return None
        return 1e3 * self.instructions * self.cycles_per_instruction / self.clock_hz

    @property
    def energy_uj(self) -> float | None:
        """An estimate."""
        return None if self.power_mw is None or self.latency_ms is None else self.latency_ms * self.power_mw

    @property
    def headline(self) -> str:
        return f"{self.network} on {self.microcontroller}: {_figure(self.instructions)} instructions a run"

    def to_dict(self) -> dict[str, Any]:
        return {
            **vars(self),
            "notes": list(self.notes),
            "estimated_latency_ms": self.latency_ms,
            "estimated_energy_uj": self.energy_uj,
        }

    def __rich__(self) -> Group:
        table = new_table(self.headline)
        add_name(table, "network")
        add_figures(table, "flash, B", "RAM, B", "instructions", "estimated\ntime, ms", "estimated\nenergy, uJ")
        table.add_row(
            self.network,
            *map(_figure, (self.flash_bytes, self.ram_bytes, self.instructions)),
            _figure(self.latency_ms, ",.3f"),
            _figure(self.energy_uj, ",.1f"),
        )
        lines = [Text(note) for note in self.notes]
        if self.clock_hz is not None:
            clock = f"{self.clock_hz / 1e6:g} MHz, cycles an instruction: {self.cycles_per_instruction:g}"
            lines.append(Text(f"Estimated for {clock}; without wait states of the flash."))
        return Group(table, *lines)


def _figure(value: float | None, form: str = ",") -> str:
    return UNKNOWN if value is None else format(value, form)


def microcontroller_for(target: str, name: str | None = None) -> str:
    """The name of a microcontroller on which instructions can be counted here; by default the first of a target.

    Raises:
        NotCounted: The compiler or the emulator is missing here.
        ValueError: There is no such microcontroller, or none for the target.
    """
    if name is not None and name not in MICROCONTROLLERS:
        raise ValueError(f"There is no microcontroller '{name}'; choose from {', '.join(MICROCONTROLLERS)}.")
    chosen = name or next((key for key, machine in MICROCONTROLLERS.items() if machine.target == target), None)
    if chosen is None:
        targets = sorted({machine.target for machine in MICROCONTROLLERS.values()})
        raise ValueError(
            f"No microcontroller is emulated for the target '{target}': write the network for one of "
            f"{', '.join(targets)}."
        )
    if missing := MICROCONTROLLERS[chosen].missing_packages():
        raise NotCounted(f"To count instructions on {chosen}, on Debian: apt-get install {' '.join(missing)}")
    return chosen


def report_run(
    export: CExport,
    clock_hz: float | None = None,
    *,
    microcontroller: str | None = None,
    cycles_per_instruction: float = 1.0,
    power_mw: float | None = None,
    seed: int = 0,
) -> RunReport:
    """Counts the instructions of a written network under emulation, and estimates time and energy of a run.

    Args:
        export: What ``export_c`` returned.
        clock_hz: Of the processor; without it no time is estimated.
        microcontroller: One of ``MICROCONTROLLERS``; by default the first one of the target that was written for.
        cycles_per_instruction: For the estimate; 1 makes it a lower bound.
        power_mw: Of the processor at that clock, from its data sheet, for the energy.
        seed: Of the samples, which are drawn: the instructions of other images may differ a little.

    Raises:
        NotCounted: The compiler or the emulator is missing here.
        ValueError: There is no such microcontroller, none for the target, or a figure is not positive.
    """
    check_given(clock_hz, cycles_per_instruction, power_mw)
    chosen = microcontroller_for(export.program.pieces.target, microcontroller)
    return RunReport(
        network=export.program.graph.name,
        microcontroller=chosen,
        flash_bytes=flash_bytes(export),
        ram_bytes=export.cost.ram_bytes,
        instructions=_instructions(export, MICROCONTROLLERS[chosen], seed),
        clock_hz=clock_hz,
        cycles_per_instruction=cycles_per_instruction,
        power_mw=power_mw,
    )


def flash_bytes(export: CExport) -> int | None:
    """Tables and code; None where the code was not measured."""
    return None if export.code.bytes is None else export.code.bytes + export.cost.table_bytes


def check_given(clock_hz: float | None, cycles_per_instruction: float, power_mw: float | None) -> None:
    """Refuses figures that are not positive.

    Raises:
        ValueError: One is not.
    """
    if not all(figure > 0 for figure in (clock_hz, cycles_per_instruction, power_mw) if figure is not None):
        raise ValueError("Clock, cycles of an instruction and power must be above 0.")


def _instructions(export: CExport, machine: Microcontroller, seed: int) -> int:
    """The most that one of some drawn samples takes."""
    program = program_of(export.program.graph, export.program.pieces.target)
    # Its input is the caller's, which costs no instruction.
    with tempfile.TemporaryDirectory(prefix="larq_focal-") as folder:
        (Path(folder) / "network.c").write_text(source_text(program, "network", Placement()), encoding="utf-8")
        (Path(folder) / "network.h").write_text(header_text(program, "network"), encoding="utf-8")
        samples = {name: array[:_SAMPLES] for name, array in random_samples(program.graph, seed).items()}
        return int(run_emulated(program, Path(folder), "network", samples, machine).instructions.max())

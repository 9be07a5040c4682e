"""Networks written in C and run on emulated microcontrollers, for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from larq_focal.mcu.emulated_run import run_emulated
from larq_focal.network import QuantGraph
from tests.mcu.written import write
from tests.support.microcontroller import emulated


@dataclass(frozen=True)
class Emulated:
    """The first output ``[N, ...]`` of a network, and the instructions for the last sample."""

    output: np.ndarray
    instructions: int


def emulate(
    graph: QuantGraph, inputs: Mapping[str, np.ndarray], name: str, folder: Path, target: str | None = None
) -> Emulated:
    """Writes a network into a new ``folder`` and runs it on microcontroller ``name``.

    ``target`` is that which it is written for, by default that of the microcontroller.
    """
    machine = emulated(name)
    program = write(graph, folder, "net", target=target or machine.target)
    done = run_emulated(program, folder, "net", inputs, machine)
    return Emulated(done.outputs[graph.outputs[0]], int(done.instructions[-1]))

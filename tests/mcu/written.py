"""Networks written in C, compiled together by the compiler of this machine, and held against the interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from larq_focal.mcu.host import SANITIZERS, STRICT, HostProgram
from larq_focal.mcu.passes import lower_for_c
from larq_focal.mcu.program import Program, program_of
from larq_focal.mcu.writer import Placement, header_text, source_text
from larq_focal.network import QuantGraph, interpret


def written(graphs: Sequence[QuantGraph], folder: Path, options=(*STRICT, *SANITIZERS, "-O1"), target="generic"):
    """The programs of several networks, and one executable of all of them."""
    programs: list[Program] = []
    folders, names = [], []
    for number, graph in enumerate(graphs):
        programs.append(program_of(lower_for_c(graph), target))
        names.append(f"n{number}")
        folders.append(folder / names[-1])
        folders[-1].mkdir()
        (folders[-1] / "network.c").write_text(source_text(programs[-1], names[-1], Placement()), encoding="utf-8")
        (folders[-1] / "network.h").write_text(header_text(programs[-1], names[-1]), encoding="utf-8")
    return programs, HostProgram(folders, programs, names, folder, options)


def assert_equal(graph: QuantGraph, outputs: dict[str, np.ndarray], inputs) -> None:
    """The outputs of a program are those of the interpreter, to the bit."""
    expected = interpret(graph, inputs, graph.outputs)
    for name in graph.outputs:
        np.testing.assert_array_equal(outputs[name], expected[name], err_msg=name)

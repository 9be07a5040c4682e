"""Networks written in C, compiled together by the compiler of this machine, and held against the interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from larq_focal.mcu.host import SANITIZERS, STRICT, HostProgram
from larq_focal.mcu.passes import lower_for_c
from larq_focal.mcu.program import Program, program_of
from larq_focal.mcu.writer import Placement, header_text, source_text
from larq_focal.network import QuantGraph, interpret
from tests.support.microcontroller import host_compiler

OPTIONS = (*STRICT, *SANITIZERS, "-O1", "-Wconversion", "-Wshadow", "-Wvla", "-Wcast-qual")


def write(graph: QuantGraph, folder: Path, name: str, *, input_in_arena: bool = False, target="generic") -> Program:
    """Writes network.c and network.h of a network into a new folder."""
    program = program_of(lower_for_c(graph), target, input_in_arena=input_in_arena)
    folder.mkdir()
    (folder / "network.c").write_text(source_text(program, name, Placement()), encoding="utf-8")
    (folder / "network.h").write_text(header_text(program, name), encoding="utf-8")
    return program


def written(graphs: Sequence[QuantGraph], folder: Path, options: Sequence[str] = OPTIONS, target: str = "generic"):
    """The programs of several networks, and one executable of all; the inputs of every other one lie in the arena."""
    host_compiler()
    names = [f"n{number}" for number in range(len(graphs))]
    folders = [folder / name for name in names]
    programs = [
        write(graph, place, name, input_in_arena=number % 2 == 1, target=target)
        for number, (graph, place, name) in enumerate(zip(graphs, folders, names, strict=True))
    ]
    return programs, HostProgram(folders, programs, names, folder, options)


def assert_equal(graph: QuantGraph, outputs: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray]) -> None:
    """The outputs of a program are those of the interpreter, to the bit."""
    expected = interpret(graph, inputs, graph.outputs)
    for name in graph.outputs:
        np.testing.assert_array_equal(outputs[name], expected[name], err_msg=f"{graph.name}: {name}")

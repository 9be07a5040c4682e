"""Networks as folders of C99: written whole, and only if the program computes what the interpreter does."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from larq_focal.deploy.graph_samples import by_input, random_samples
from larq_focal.mcu.audit import CAudit, audit_program
from larq_focal.mcu.code_size import CodeSize, code_size
from larq_focal.mcu.cost import KINDS, ProgramCost, over_the_limit, program_cost
from larq_focal.mcu.emit.text import C_WORDS
from larq_focal.mcu.errors import CExportError, check_writable
from larq_focal.mcu.passes import lower_for_c, scores_before_softmax
from larq_focal.mcu.pixel_input import with_pixel_input
from larq_focal.mcu.program import Program, program_of
from larq_focal.mcu.selection import DEFAULT_TARGET, TARGETS
from larq_focal.mcu.texts import main_text, readme_text
from larq_focal.mcu.writer import Placement, header_text, source_text
from larq_focal.network.graph import QuantGraph
from larq_focal.network.interpret import interpret
from larq_focal.network.load import as_graph
from larq_focal.result import Result
from larq_focal.tables import add_figures, add_name, new_table

_NAME = re.compile(r"[a-z][a-z0-9_]*")
FILES = ("network.h", "network.c", "main.c", "README.md")
"""What an export writes."""
_MARK = b"written by larq_focal"
_SECTION = re.compile(r"[\w.$]+")


@dataclass(frozen=True, repr=False)
class CExport(Result):
    """A written folder.

    Attributes:
        folder: with network.c, network.h, main.c and README.md.
        program: what is written there.
        cost: what it takes.
        code: how large the code is, beside the tables.
        audit: how it was held against the interpreter.
        notes: what a user must know.
    """

    folder: Path
    program: Program
    cost: ProgramCost
    code: CodeSize
    audit: CAudit
    notes: tuple[str, ...]

    @property
    def headline(self) -> str:
        return (
            f"{self.folder}: {self.cost.table_bytes:,} bytes of tables in flash, {self.cost.ram_bytes:,} bytes of RAM"
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "cost": self.cost.to_dict(),
            "code": vars(self.code),
            "audit": self.audit.to_dict(),
            "notes": list(self.notes),
        }

    def __rich__(self) -> Group:
        kinds = {kind: count for kind, count in self.cost.operations.items() if count}
        table: Table = new_table(self.headline, footer=True)
        add_name(table, "step")
        figures = (("tables, B", self.cost.table_bytes), ("RAM, B", self.cost.ram_bytes), *kinds.items())
        add_figures(table, *((heading, f"{total:,}") for heading, total in figures))
        for step in self.cost.steps:
            counts = (step.table_bytes, step.ram_bytes, *(step.operations.get(kind, 0) for kind in kinds))
            table.add_row(step.name, *(f"{count:,}" for count in counts))
        code = self.code.says if self.code.bytes is None else f"{self.code.bytes:,} bytes, {self.code.says}"
        lines = [Text(f"{kind}: {KINDS[kind]}") for kind in kinds] + [Text(f"code: {code}")]
        audit = str(self.audit)
        return Group(table, *lines, *map(Text, (*self.notes, f"{audit[:1].upper()}{audit[1:]}")))


def export_c(
    network,
    folder: str | Path,
    *,
    name: str = "network",
    target: str = DEFAULT_TARGET,
    pixels: str | None = None,
    input_in_arena: bool = False,
    weights_section: str | None = None,
    code_section: str | None = None,
    max_ram_bytes: int | None = None,
    data=None,
    seed: int = 0,
    trust: bool = False,
) -> CExport:
    """Writes a network as C99 for microcontrollers: network.c, network.h, main.c and README.md.

    The program needs no memory allocation and no library but ``stdint.h``; it works in one context that the caller
    gives. It is compiled here and held against the interpreter, if there is a C compiler, and written only if it
    agrees.

    Args:
        network: a Keras model, a QuantGraph, or the path of a ``.keras``, ``.h5``, ``.tflite`` or ``.qgraph`` file.
        folder: where the files go; those of an earlier export are replaced, others stay.
        name: what the functions and types of C begin with; the files keep their names.
        target: "generic", "cortex-m4", "cortex-m7", "rv32", or "host" for processors of 64 bits with GCC or Clang: the
            fastest kernels for it are taken.
        pixels: for a network of floats, what its input was made of pixels by: "centred", "signed", "unit", "imagenet"
            or "raw". The program takes the 8-bit pixels then.
        input_in_arena: whether the input is written into the context, where the program overwrites it: less memory in
            all than with an input of the caller's.
        weights_section: section of the linker for tables, such as ".itcm".
        code_section: section of the linker for functions.
        max_ram_bytes: the largest context that is allowed.
        data: samples to compare on, ``[N, ...]`` or by input name; the first is embedded in main.c. None draws some.
        seed: of drawn samples.
        trust: whether the file of a Keras model may run code that it brings.

    Raises:
        CExportError: the network holds an operation that has no C, needs more RAM than allowed, or the program does not
            compute what the interpreter does. No file is written then.
        ValueError: an argument makes no sense, or the network cannot be read.
        OSError: the folder cannot be written, or holds a file of one of these names that is not of an earlier export.
    """
    placement = _checked(name, target, weights_section, code_section, max_ram_bytes)
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"'{folder}' is a file; needed is the name of a folder.")
    _refuse_files_of_others(folder)
    graph = as_graph(network, trust=trust)
    if pixels is not None:
        graph = with_pixel_input(graph, pixels)
    notes = _notes(graph)
    check_writable(scores_before_softmax(graph))
    samples = by_input(graph, data) or random_samples(graph, seed)
    if any(len(array) == 0 for array in samples.values()):
        raise ValueError("There are no samples in the data: give one at least, or leave the data out.")
    program = program_of(lower_for_c(graph), target, input_in_arena=input_in_arena)
    header, source = header_text(program, name), source_text(program, name, placement)
    cost = program_cost(program, source, header)
    if max_ram_bytes is not None and (fault := over_the_limit(cost, max_ram_bytes)) is not None:
        raise CExportError(fault)
    first = {key: np.asarray(array)[:1] for key, array in samples.items()}
    outputs = {key: value[0] for key, value in interpret(program.graph, first, program.graph.outputs).items()}
    main = main_text(program, name, {key: array[0] for key, array in first.items()}, outputs)
    files = {"network.h": header, "network.c": source, "main.c": main}
    with _folder_beside(folder) as beside:
        _write(beside, files)
        audit = audit_program(program, beside, name, samples, bool(cost.float_steps))
        if not audit.passed:
            raise CExportError(
                f"'{graph.name}' was not written: its program is {audit}. This is a fault of larq_focal: please report "
                "it."
            )
        code = code_size(beside, target, weights_section)
        _write(beside, {"README.md": readme_text(program, cost, code, audit, name, notes)})
        folder.mkdir(exist_ok=True)
        for file in FILES:
            os.replace(beside / file, folder / file)
    return CExport(folder, program, cost, code, audit, notes)


@contextmanager
def _folder_beside(folder: Path) -> Iterator[Path]:
    """A temporary folder on the same file system."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = tempfile.TemporaryDirectory(dir=folder.parent, prefix=".larq_focal-")
    except OSError as error:
        raise OSError(f"The folder '{folder}' cannot be written: {error.strerror}. Choose another one.") from error
    with beside as path:
        yield Path(path)


def _refuse_files_of_others(folder: Path) -> None:
    for path in (folder / file for file in FILES):
        if path.exists() and _MARK not in path.read_bytes().lower():
            raise FileExistsError(
                f"'{path}' was not written by larq_focal and would be replaced: choose another folder."
            )


def _write(folder: Path, files: dict[str, str]) -> None:
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")


def _checked(
    name: str, target: str, weights_section: str | None, code_section: str | None, max_ram_bytes: int | None
) -> Placement:
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is not a name for C here: take small letters, digits and _, a letter first.")
    if name in C_WORDS:
        raise ValueError(f"'{name}' is a word of C: choose another name.")
    if max_ram_bytes is not None and max_ram_bytes < 0:
        raise ValueError(f"The largest context cannot be {max_ram_bytes} bytes: give 0 or more.")
    if target not in TARGETS:
        raise ValueError(f"There is no target '{target}'; choose from {', '.join(TARGETS)}.")
    attributes = []
    for section in (weights_section, code_section):
        if section is not None and not _SECTION.fullmatch(section):
            raise ValueError(f"'{section}' is not the name of a section: take letters, digits, '.', '_' and '$'.")
        attributes.append("" if section is None else f'__attribute__((section("{section}")))')
    return Placement(*attributes)


def _notes(graph: QuantGraph) -> tuple[str, ...]:
    notes = []
    read = {name for op in graph for name in op.inputs}
    for name in graph.outputs:
        if getattr(graph[name], "kind", "") == "softmax" and name not in read:
            notes.append(f"The scores of '{name}' are those before its softmax: the order of the classes is the same.")
    for op in graph.inputs:
        if not op.takes_bytes:
            notes.append(f"The input '{op.name}' is of floats; export with pixels=... for one of 8-bit pixels.")
    return tuple(notes)

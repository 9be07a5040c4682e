"""What the library is compiled from, and how: for its build, for other machines, and for estimates.

The flags stand in ``compile_flags.txt``, which editors read too. Without ``-ffp-contract=off`` compilers join a product
and a sum where the processor can, which rounds once in place of twice: results would depend on the processor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
EXPORTS = FOLDER / "exports.map"


@dataclass(frozen=True)
class KernelRow:
    """A row of ``kernels/table.h``: a kernel by its name.

    ``architecture`` is the machine that it is compiled for, "x86_64" or "aarch64", and None for all; ``flags`` are
    those of /proc/cpuinfo that its processor has.
    """

    name: str
    architecture: str | None
    flags: frozenset[str]


def source_files(*endings: str) -> list[Path]:
    """The sources whose names end so, ".cc" or ".h"; none where larq_focal was installed from a wheel."""
    return sorted(path for path in FOLDER.rglob("*") if path.suffix in endings)


def compile_flags() -> list[str]:
    """How each file is compiled."""
    return (FOLDER / "compile_flags.txt").read_text().split()


def compile_command(compiler: Sequence[str], units: Iterable[str], library: str) -> list[str]:
    """The words of the command that compiles the ``units`` (files of C++) and links them to the ``library``."""
    return [*compiler, *compile_flags(), "-shared", *units, "-o", library]


def kernel_rows() -> tuple[KernelRow, ...]:
    """The kernels of all processors, best first."""
    rows, architecture = [], None
    for line in (FOLDER / "kernels" / "table.h").read_text().splitlines():
        if begun := re.match(r"#if defined\(__(\w+)__\)", line):
            architecture = begun[1]
        elif line.startswith("#endif"):
            architecture = None
        elif row := re.match(r'LARQ_FOCAL_KERNEL\((\w+), "([^"]*)"\)', line):
            rows.append(KernelRow(row[1], architecture, frozenset(row[2].split())))
    return tuple(rows)

"""The bytes of the code of a written program, by a compiler for its target, if there is one on this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_OPTIONS = ("-std=c99", "-O2", "-ffreestanding", "-c")
_CORTEX, _RISCV = "arm-none-eabi-", "riscv64-unknown-elf-"
_COMPILERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "generic": ("", ()),
    "host": ("", ("-march=native",)),
    "cortex-m4": (_CORTEX, ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")),
    "cortex-m7": (_CORTEX, ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16")),
    "rv32": (_RISCV, ("-march=rv32imac", "-mabi=ilp32")),
}
"""By target, the prefix of its compiler's tools, and the processor; none is for this machine."""
_SECTION = re.compile(r"^(\.\S+)\s+(\d+)\s", re.M)
_NOT_CODE = (".rodata", ".data", ".bss", ".comment", ".note", ".debug", ".eh_frame", ".riscv", ".ARM")


@dataclass(frozen=True)
class CodeSize:
    """Bytes of code, without what the compiler's own library adds (floats on processors without them, say).

    Attributes:
        bytes: of code; None where it could not be compiled for the target.
        says: by which compiler, with which options; or why not.
    """

    bytes: int | None
    says: str


def code_size(folder: Path, target: str, weights_section: str | None = None) -> CodeSize:
    """The size of the code of ``network.c`` in a folder.

    Args:
        folder: with network.c and network.h.
        target: what it was written for.
        weights_section: where its tables lie, if not in ``.rodata``.
    """
    prefix, processor = _COMPILERS[target]
    compiler, size = shutil.which(f"{prefix}gcc"), shutil.which(f"{prefix}size")
    if compiler is None or size is None:
        return CodeSize(None, f"not measured: there is no {prefix}gcc here")
    with tempfile.TemporaryDirectory(prefix="larq_focal-") as build:
        made = Path(build) / "network.o"
        command = [compiler, *processor, *_OPTIONS, "-o", str(made), str(folder / "network.c")]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return CodeSize(None, f"not measured: {prefix}gcc failed: {done.stderr[:300]}")
        listed = subprocess.run([size, "-A", str(made)], capture_output=True, text=True, check=True).stdout
    left_out = (*_NOT_CODE, *((weights_section,) if weights_section else ()))
    total = sum(int(count) for name, count in _SECTION.findall(listed) if not name.startswith(left_out))
    place = "this machine" if not prefix else " ".join(processor[:1])
    return CodeSize(total, f"{prefix}gcc -O2 for {place}")

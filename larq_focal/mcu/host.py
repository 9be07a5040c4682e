"""Written programs compiled by the C compiler of this machine, and run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from larq_focal.mcu.program import Port

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_DTYPES = {"u8": np.uint8, "i8": np.int8, "i16": np.int16, "i32": np.int32, "f32": np.float32}


class NoCompiler(RuntimeError):
    """There is no C compiler on this machine."""


def compiler() -> str:
    """The C compiler of this machine.

    Raises:
        NoCompiler: there is none.
    """
    for name in ("gcc", "cc", "clang"):
        if (found := shutil.which(name)) is not None:
            return found
    raise NoCompiler("There is no C compiler to check the written program with; install one (Debian: gcc).")


class HostProgram:
    """Networks that are written in a folder each, in one executable of this machine.

    Args:
        folders: those with network.c and network.h; the name of each is the ``name`` of its network.
        ports: of each network, its inputs and outputs.
        build: where the executable goes.
        options: of the compiler.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        ports: Sequence[tuple[tuple[Port, ...], tuple[Port, ...]]],
        names: Sequence[str],
        build: Path,
        options: Sequence[str] = (*STRICT, "-O1"),
    ):
        self._ports = [*ports]
        self._executable = build / "networks"
        main = build / "main.c"
        includes = [f'#include "{folder.resolve()}/network.h"' for folder in folders]
        cases = [_case(number, *each, name) for number, (each, name) in enumerate(zip(ports, names, strict=True))]
        main.write_text(_MAIN.format(includes="\n".join(includes), cases="\n".join(cases)), encoding="utf-8")
        sources = [str(folder / "network.c") for folder in folders]
        command = [compiler(), *options, "-o", str(self._executable), str(main), *sources]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"The written program does not compile:\n{done.stderr[:4000]}")

    def run(self, number: int, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs of network ``number`` on a batch, by the names of the values.

        Args:
            feeds: ``[N, ...]`` for each input, by the name of its value.
        """
        inputs, outputs = self._ports[number]
        count = len(next(iter(feeds.values())))
        arrays = [np.ascontiguousarray(feeds[p.value.name], _DTYPES[p.storage]).reshape(count, -1) for p in inputs]
        rows = [np.concatenate([array[n].view(np.uint8) for array in arrays]) for n in range(count)]
        content = b"".join(row.tobytes() for row in rows)
        done = subprocess.run([self._executable, str(number), str(count)], input=content, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"The written program failed:\n{done.stderr.decode(errors='replace')[:4000]}")
        sizes = [p.value.elements * np.dtype(_DTYPES[p.storage]).itemsize for p in outputs]
        table = np.frombuffer(done.stdout, np.uint8).reshape(count, sum(sizes))
        results, start = {}, 0
        for port, size in zip(outputs, sizes, strict=True):
            part = np.ascontiguousarray(table[:, start : start + size]).view(_DTYPES[port.storage])
            results[port.value.name] = part.reshape(count, *port.value.shape)
            start += size
        return results


_MAIN = """\
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
{includes}

/* Reads a batch from the standard input and writes what the network makes of it to the standard output. */
int main(int count, char **arguments)
{{
    long n, samples;
    if (count != 3) {{
        return 2;
    }}
    samples = atol(arguments[2]);
    switch (atol(arguments[1])) {{
{cases}
    default:
        return 2;
    }}
    return 0;
}}
"""
_TYPES = {"u8": "uint8_t", "i8": "int8_t", "i16": "int16_t", "i32": "int32_t", "f32": "float"}


def _case(number: int, inputs: tuple[Port, ...], outputs: tuple[Port, ...], name: str) -> str:
    lines = [f"    case {number}: {{", f"        static {name}_context context;"]
    arguments = ["&context"]
    for kind, ports in (("in", inputs), ("out", outputs)):
        for k, port in enumerate(ports):
            lines.append(f"        static {_TYPES[port.storage]} {kind}_{number}_{k}[{port.value.elements}];")
            arguments.append(f"{kind}_{number}_{k}")
    lines += ["        for (n = 0; n < samples; ++n) {", "            memset(&context, 0x5a, sizeof context);"]
    for k, _ in enumerate(inputs):
        variable = f"in_{number}_{k}"
        lines.append(f"            if (fread({variable}, sizeof {variable}, 1, stdin) != 1) return 3;")
    lines.append(f"            {name}_run({', '.join(arguments)});")
    for k, _ in enumerate(outputs):
        variable = f"out_{number}_{k}"
        lines.append(f"            if (fwrite({variable}, sizeof {variable}, 1, stdout) != 1) return 4;")
    return "\n".join([*lines, "        }", "        break;", "    }"])

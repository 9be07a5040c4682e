"""Written programs compiled by the C compiler of this machine, and run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from larq_focal.mcu.program import Program

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


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
        folders: those with network.c and network.h.
        programs: what is written in each.
        names: of the networks in C.
        build: where the executable goes.
        options: of the compiler.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        programs: Sequence[Program],
        names: Sequence[str],
        build: Path,
        options: Sequence[str] = (*STRICT, "-O1"),
    ):
        self._programs = [*programs]
        self._executable = build / "networks"
        main = build / "main.c"
        includes = [f'#include "{folder.resolve()}/network.h"' for folder in folders]
        cases = [_case(number, *each) for number, each in enumerate(zip(programs, names, strict=True))]
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
        inputs, outputs = self._programs[number].inputs, self._programs[number].outputs
        count = len(next(iter(feeds.values())))
        arrays = [np.ascontiguousarray(feeds[p.value.name], p.dtype).reshape(count, -1) for p in inputs]
        rows = [np.concatenate([array[n].view(np.uint8) for array in arrays]) for n in range(count)]
        content = b"".join(row.tobytes() for row in rows)
        done = subprocess.run([self._executable, str(number), str(count)], input=content, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"The written program failed:\n{done.stderr.decode(errors='replace')[:4000]}")
        sizes = [port.bytes for port in outputs]
        table = np.frombuffer(done.stdout, np.uint8).reshape(count, sum(sizes))
        results, start = {}, 0
        for port, size in zip(outputs, sizes, strict=True):
            part = np.ascontiguousarray(table[:, start : start + size]).view(port.dtype)
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


def _case(number: int, program: Program, name: str) -> str:
    """What runs a network on all samples."""
    inputs = {port.name: f"in_{number}_{k}" for k, port in enumerate(program.inputs)}
    outputs = {port.name: f"out_{number}_{k}" for k, port in enumerate(program.outputs)}
    variables = {**inputs, **outputs}
    lines = [f"    case {number}: {{", f"        static {name}_context context;"]
    for port in (*program.inputs, *program.outputs):
        lines.append(f"        static {port.c_type} {variables[port.name]}[{port.value.elements}];")
    lines += ["        for (n = 0; n < samples; ++n) {", "            memset(&context, 0x5a, sizeof context);"]
    for port, variable in inputs.items():
        lines.append(f"            if (fread({variable}, sizeof {variable}, 1, stdin) != 1) return 3;")
        if program.input_in_arena:
            lines.append(f"            memcpy({name}_{port}(&context), {variable}, sizeof {variable});")
    given = outputs.values() if program.input_in_arena else variables.values()
    lines.append(f"            {name}_run({', '.join(['&context', *given])});")
    for variable in outputs.values():
        lines.append(f"            if (fwrite({variable}, sizeof {variable}, 1, stdout) != 1) return 4;")
    return "\n".join([*lines, "        }", "        break;", "    }"])

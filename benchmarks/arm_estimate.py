"""Estimates how fast the delegate's NEON kernels are on processors that are not at hand, with llvm-mca.

    python -m benchmarks.arm_estimate

Run it from the repository with the Debian packages g++-aarch64-linux-gnu and llvm-19 (the newest llvm-mca-<version> on
the path is taken; those before 19 have the Cortex-A57's model for the Cortex-A76). Prints a Markdown table, with LCE's
inner loop and int8 beside ours. Nothing is measured: llvm-mca follows a loop through its model of a processor, with all
data in the first-level cache and every branch foreseen.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from larq_focal.delegate.sources import FOLDER, compile_flags, kernel_rows

COMPILER = "aarch64-linux-gnu-g++"
OLDEST_MCA = 19
VECTOR_BITS = 128
ITERATIONS = 1000


class WrongModel(RuntimeError):
    """llvm-mca has another processor's model under the name of the one asked for."""


@dataclass(frozen=True)
class Processor:
    """``model`` is LLVM's name for it and ``units`` how the execution units in that model are called; ``flags`` are
    its vector instructions by their names in /proc/cpuinfo."""

    name: str
    model: str
    units: str
    flags: frozenset[str]


# LLVM has one model for the Cortex-A57 and the A72, which are much alike. Its "cortex-a76" is the A57's too; the
# Neoverse N1 is the Cortex-A76's design.
PROCESSORS = (
    Processor("Cortex-A53 (Raspberry Pi 3)", "cortex-a53", "A53", frozenset({"asimd"})),
    Processor("Cortex-A72 (Raspberry Pi 4)", "cortex-a72", "A57", frozenset({"asimd"})),
    Processor("Cortex-A76 (Raspberry Pi 5)", "neoverse-n1", "N1", frozenset({"asimd", "asimddp"})),
)


@dataclass(frozen=True)
class Loop:
    """Instructions that repeat, and how many multiply-accumulates they do each time."""

    name: str
    lines: tuple[str, ...]
    macs: int


@dataclass(frozen=True)
class Estimate:
    """Multiply-accumulates per cycle."""

    processor: str
    loop: str
    rate: float
    limit: float  # of the instructions that compute, on registers alone


def main() -> None:
    try:
        mca = newest_mca()
        rows = list(estimates(mca))
    except (FileNotFoundError, WrongModel) as error:
        sys.exit(str(error))
    version = re.search(r"LLVM version [\d.]+", run([mca, "--version"]))[0]
    print(
        f"ESTIMATE by llvm-mca ({version}) for inner loops; nothing was measured. LCE's and int8's are without loads.\n"
    )
    print("| processor | loop | multiply-accumulates per cycle | limit on registers | part of it | times int8 |")
    print("| --- " * 6 + "|")
    for row in rows:
        int8 = next(other.rate for other in rows if other.processor == row.processor and other.loop.startswith("int8"))
        print(
            f"| {row.processor} | {row.loop} | {row.rate:.1f} | {row.limit:.1f} | {100 * row.rate / row.limit:.0f} % "
            f"| {row.rate / int8:.1f} |"
        )


def estimates(mca: str) -> Iterator[Estimate]:
    """Our kernels, LCE's and int8 on each processor that can run them.

    Raises:
        WrongModel: llvm-mca has no model of a processor.
    """
    for processor in PROCESSORS:
        check_model(mca, processor)
        for loop in loops(processor):
            limit = registers_only(loop.name) if loop.name in _STEPS else loop
            rates = (macs_per_cycle(mca, processor.model, each) for each in (loop, limit))
            yield Estimate(processor.name, loop.name, *rates)


def loops(processor: Processor) -> list[Loop]:
    rows = [row for row in kernel_rows() if row.architecture == "aarch64" and row.flags <= processor.flags]
    int8 = int8_dot_products() if "asimddp" in processor.flags else int8_products()
    return [*(inner_loop(row.name) for row in rows), lce_loop(), int8]


def check_model(mca: str, processor: Processor) -> None:
    """Raises WrongModel unless the execution units of the model are those of the processor."""
    report = run([mca, "-march=aarch64", f"-mcpu={processor.model}"], input="\tadd\tx0, x0, x1\n")
    units = re.search(r"^Resources:\n\[\S+\]\s+- (\w+?)Unit", report, re.MULTILINE)
    if units is None or units[1] != processor.units:
        found = units[1] if units else "another"
        raise WrongModel(
            f"{mca} takes the model of {found} for {processor.model}: it knows no {processor.name}. "
            f"Debian: apt-get install llvm-{OLDEST_MCA}"
        )


def newest_mca() -> str:
    """Its name on the path.

    Raises:
        FileNotFoundError: it is missing or too old, or the cross compiler is missing.
    """
    if missing := missing_packages():
        raise FileNotFoundError(
            f"This takes {COMPILER} and llvm-mca {OLDEST_MCA} or later: apt-get install {' '.join(missing)}"
        )
    return _analyzers()[-1]


def missing_packages() -> list[str]:
    """Debian packages that the estimates take and that are not installed."""
    has = {"g++-aarch64-linux-gnu": shutil.which(COMPILER), f"llvm-{OLDEST_MCA}": _analyzers()}
    return [package for package, found in has.items() if not found]


def _analyzers() -> list[str]:
    """Those that are new enough, the newest last."""
    names = ["llvm-mca", *(f"llvm-mca-{version}" for version in range(OLDEST_MCA, 40))]
    versions = {
        name: int(re.search(r"LLVM version (\d+)", run([name, "--version"]))[1]) for name in names if shutil.which(name)
    }
    return sorted((name for name, version in versions.items() if version >= OLDEST_MCA), key=versions.get)


@cache
def inner_loop(kernel: str) -> Loop:
    """The loop over whole blocks of channels: of those that count most, that with the fewest words to broadcast.

    A loop is what lies between a label and the first branch behind it, which leads back there.
    """
    loops: list[list[str]] = []
    block: list[str] = []
    for line in run([COMPILER, *compile_flags(), "-S", "-o", "-", str(FOLDER / f"kernels/{kernel}.cc")]).splitlines():
        if line.startswith(".L"):
            block = [line]
        else:
            block.append(line)
            if re.fullmatch(rf"\tb\.?\w+\t{re.escape(block[0].rstrip(':'))}", line):
                loops.append(block)
    lines = max(loops, key=lambda lines: (occurrences("cnt", lines), -occurrences("dup", lines)))
    return Loop(kernel, tuple(lines), occurrences("cnt", lines) * VECTOR_BITS)


def occurrences(instruction: str, lines: list[str]) -> int:
    return sum(line.startswith(f"\t{instruction}\t") for line in lines)


_STEPS = {
    "neon": "\tadd\tv{1}.16b, v{1}.16b, v{0}.16b",
    "neon_dot": "\tudot\tv{1}.4s, v{0}.16b, v29.16b",
}
"""How our kernels add what they counted."""


def registers_only(kernel: str) -> Loop:
    """Exclusive or, count and add in an order in which nothing waits for a result, on registers alone."""
    steps = ("\teor\tv{0}.16b, v30.16b, v31.16b", "\tcnt\tv{0}.16b, v{0}.16b", _STEPS[kernel])
    lines = tuple(step.format(i, 12 + i) for step in steps for i in range(12))
    return Loop(f"{kernel} on registers", lines, 12 * VECTOR_BITS)


def lce_loop() -> Loop:
    """The instructions of LCE's kernel for one output position by four channels: larq/compute-engine,
    core/bgemm/kernels_aarch64.h. Four vectors are counted, added in pairs to one, and widened twice."""
    lines = []
    for step in range(4):
        counts = [f"v{20 + i}" for i in range(4)]
        lines += [f"\teor\t{count}.16b, v{16 + step}.16b, v{i}.16b" for i, count in enumerate(counts)]
        lines += [f"\tcnt\t{count}.16b, {count}.16b" for count in counts]
        for into, other in ((0, 1), (2, 3), (0, 2)):
            lines.append(f"\taddp\t{counts[into]}.16b, {counts[into]}.16b, {counts[other]}.16b")
        lines += [f"\tuaddlp\t{counts[0]}.8h, {counts[0]}.16b", f"\tuadalp\tv{24 + step}.4s, {counts[0]}.8h"]
    return Loop("LCE", tuple(lines), 16 * VECTOR_BITS)


def int8_dot_products() -> Loop:
    """SDOT by lanes, as matrix products of int8 use it: 16 multiply-accumulates each."""
    lines = tuple(f"\tsdot\tv{i}.4s, v{24 + i % 4}.16b, v{28 + i // 4 % 4}.4b[{i % 4}]" for i in range(24))
    return Loop("int8 by SDOT", lines, 16 * len(lines))


def int8_products() -> Loop:
    """Without dot products: two products of 8 bytes to 16 bits, which join sums of 32 bits."""
    steps = ("smull\tv{0}.8h, v30.8b, v31.8b", "smlal\tv{0}.8h, v28.8b, v29.8b", "sadalp\tv{1}.4s, v{0}.8h")
    lines = tuple("\t" + step.format(i, 12 + i) for step in steps for i in range(12))
    return Loop("int8 by SMULL, SMLAL", lines, 16 * 12)


def macs_per_cycle(mca: str, model: str, loop: Loop) -> float:
    command = [mca, "-march=aarch64", f"-mcpu={model}", "-mattr=+dotprod", f"-iterations={ITERATIONS}"]
    cycles = int(re.search(r"Total Cycles:\s+(\d+)", run(command, input="\n".join(loop.lines)))[1])
    return loop.macs * ITERATIONS / cycles


def run(command: list[str], **settings) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **settings).stdout


if __name__ == "__main__":
    main()

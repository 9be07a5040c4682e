"""Estimates how fast the delegate's NEON kernels are on processors that are not at hand, with llvm-mca.

    python -m benchmarks.arm_estimate

Run it from the repository with the Debian packages g++-aarch64-linux-gnu and llvm (the newest llvm-mca-<version> on
the path is taken). Prints a Markdown table. Nothing is measured: llvm-mca follows the compiled inner loop through its
model of a processor, with all data in the first-level cache and every branch foreseen.
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
# With the names of LLVM's models, and the vector instructions by their flags in /proc/cpuinfo. LLVM's "cortex-a76" is
# that of the Cortex-A57; the Neoverse N1 is the Cortex-A76's design.
PROCESSORS = {
    "Cortex-A53 (Raspberry Pi 3)": ("cortex-a53", {"asimd"}),
    "Cortex-A72 (Raspberry Pi 4)": ("cortex-a72", {"asimd"}),
    "Cortex-A76 (Raspberry Pi 5)": ("neoverse-n1", {"asimd", "asimddp"}),
}
VECTOR_BITS = 128
ITERATIONS = 1000


@dataclass(frozen=True)
class Estimate:
    """Binary multiply-accumulates per cycle."""

    processor: str
    kernel: str
    rate: float
    counting: float  # with nothing to do but population counts
    registers: float  # of xor, count and add on registers alone


def main() -> None:
    try:
        mca = newest_mca()
    except FileNotFoundError as error:
        sys.exit(str(error))
    version = re.search(r"LLVM version [\d.]+", run([mca, "--version"]))[0]
    print(f"ESTIMATE by llvm-mca ({version}) for the inner loops of the NEON kernels; nothing was measured.")
    print("The limits are those of population counts alone, and of xor, count and add on registers alone.\n")
    print(
        "| processor | kernel | cycles per 1000 binary multiply-accumulates | binary multiply-accumulates per cycle "
        "| limit of counts | limit of xor, count, add | part of it |"
    )
    print("| --- " * 7 + "|")
    for estimate in estimates(mca):
        print(
            f"| {estimate.processor} | {estimate.kernel} | {1000 / estimate.rate:.1f} | {estimate.rate:.1f} "
            f"| {estimate.counting:.1f} | {estimate.registers:.1f} | {100 * estimate.rate / estimate.registers:.0f} % |"
        )


def estimates(mca: str) -> Iterator[Estimate]:
    """One for each kernel on each processor that can run it."""
    for processor, (model, flags) in PROCESSORS.items():
        kernels = [row.name for row in kernel_rows() if row.architecture == "aarch64" and row.flags <= flags]
        for kernel in kernels:
            loops = (inner_loop(kernel), registers_only(["count"]), registers_only(["xor", "count", kernel]))
            yield Estimate(processor, kernel, *(macs_per_cycle(mca, model, loop) for loop in loops))


def newest_mca() -> str:
    """Its name on the path.

    Raises:
        FileNotFoundError: it is missing, or the cross compiler is.
    """
    if missing := missing_packages():
        raise FileNotFoundError(f"This takes {COMPILER} and llvm-mca: apt-get install {' '.join(missing)}")
    return _analyzers()[-1]


def missing_packages() -> list[str]:
    """Debian packages that the estimates take and that are not installed."""
    has = {"g++-aarch64-linux-gnu": shutil.which(COMPILER), "llvm": _analyzers()}
    return [package for package, found in has.items() if not found]


def _analyzers() -> list[str]:
    names = ["llvm-mca"] + [f"llvm-mca-{version}" for version in range(14, 40)]
    return [name for name in names if shutil.which(name)]


@cache
def inner_loop(kernel: str) -> list[str]:
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
    return max(loops, key=lambda lines: (occurrences("cnt", lines), -occurrences("dup", lines)))


def occurrences(instruction: str, lines: list[str]) -> int:
    return sum(line.startswith(f"\t{instruction}\t") for line in lines)


def registers_only(steps: list[str]) -> list[str]:
    """Independent instructions in the order in which nothing waits for a result, on registers alone."""
    patterns = {
        "xor": "\teor\tv{0}.16b, v30.16b, v31.16b",
        "count": "\tcnt\tv{0}.16b, v{0}.16b",
        "neon": "\tadd\tv{1}.16b, v{1}.16b, v{0}.16b",
        "neon_dot": "\tudot\tv{1}.4s, v{0}.16b, v29.16b",
    }
    return [patterns[step].format(i, 12 + i) for step in steps for i in range(12)]


def macs_per_cycle(mca: str, model: str, lines: list[str]) -> float:
    command = [mca, "-march=aarch64", f"-mcpu={model}", "-mattr=+dotprod", f"-iterations={ITERATIONS}"]
    cycles = int(re.search(r"Total Cycles:\s+(\d+)", run(command, input="\n".join(lines)))[1])
    return occurrences("cnt", lines) * VECTOR_BITS * ITERATIONS / cycles


def run(command: list[str], **settings) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **settings).stdout


if __name__ == "__main__":
    main()

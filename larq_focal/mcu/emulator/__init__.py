"""Emulated microcontrollers that programs in C are built for and run on, with a count of their instructions.

QEMU counts every instruction alike (``-icount shift=0``): the counts are exact and the same in every run, and say
nothing of wait states, pipelines or caches.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
_QEMU = ("-icount", "shift=0", "-display", "none", "-monitor", "none", "-serial", "none")
_CALLS = ("-semihosting-config", "enable=on,target=native")
_C = (
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wstack-usage=512",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
)
_LINK = ("-nostartfiles", "-nostdlib", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments")


@dataclass(frozen=True)
class Microcontroller:
    """One that QEMU has.

    Attributes:
        target: The target that networks are written for.
        compiler: Its C compiler.
        options: Of the compiler.
        emulator: The program and its arguments.
        start: Name of its start and its linker script, without their endings.
        step: Instructions in a step of its count.
        packages: Of Debian, by the program that each brings.
    """

    target: str
    compiler: str
    options: tuple[str, ...]
    emulator: tuple[str, ...]
    start: str
    step: int
    packages: tuple[tuple[str, str], ...]

    def missing_packages(self) -> list[str]:
        """The Debian packages whose programs are not here."""
        return [package for program, package in self.packages if shutil.which(program) is None]

    def build(self, sources: Sequence[Path], executable: Path, include: Path | None = None) -> Path:
        """Compiles C ``sources``, among them one with ``main``, to ``executable``, and returns that.

        Headers are looked for in the folder ``include`` too.

        Raises:
            RuntimeError: The compiler refuses them; the message holds what it says.
        """
        own = [FOLDER / "machine.c", FOLDER / f"{self.start}.c"]
        folders = [f"-I{folder}" for folder in (FOLDER, include) if folder]
        command = [self.compiler, "-O2", *self.options, *_C, *folders, *_LINK, f"-T{FOLDER / self.start}.ld"]
        done = subprocess.run([*command, *own, *sources, "-lgcc", "-o", executable], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{self.compiler} failed:\n{done.stderr[-4000:]}")
        return executable

    def run(self, executable: Path, timeout_s: float = 120) -> str:
        """What the program printed.

        Raises:
            RuntimeError: It did not end with status 0.
        """
        command = [*self.emulator, *_QEMU, *_CALLS, "-kernel", executable]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
        if done.returncode:
            raise RuntimeError(
                f"Status {done.returncode} on {self.target}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return done.stdout + done.stderr


def _cortex(name: str, board: str, float_unit: str) -> Microcontroller:
    return Microcontroller(
        target=name,
        compiler="arm-none-eabi-gcc",
        options=(f"-mcpu={name}", "-mthumb", f"-mfpu={float_unit}", "-mfloat-abi=hard"),
        emulator=("qemu-system-arm", "-M", board),
        start="cortex_m",
        step=40,
        packages=(("arm-none-eabi-gcc", "gcc-arm-none-eabi"), ("qemu-system-arm", "qemu-system-arm")),
    )


def _riscv(extensions: str) -> Microcontroller:
    return Microcontroller(
        target="rv32",
        compiler="riscv64-unknown-elf-gcc",
        options=(f"-march={extensions}", "-mabi=ilp32", "-mcmodel=medany"),
        emulator=("qemu-system-riscv32", "-M", "virt", "-bios", "none"),
        start="riscv",
        step=1,
        packages=(
            ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf"),
            ("qemu-system-riscv32", "qemu-system-misc"),
        ),
    )


MICROCONTROLLERS: dict[str, Microcontroller] = {
    "cortex-m4": _cortex("cortex-m4", "mps2-an386", "fpv4-sp-d16"),
    "cortex-m7": _cortex("cortex-m7", "mps2-an500", "fpv5-sp-d16"),
    "rv32im": _riscv("rv32im"),
    "rv32i": _riscv("rv32i"),
}
"""Those that there are, by name. The Cortex-M have a unit for floats of 32 bits; rv32i has no multiplier."""
DEFAULT_MICROCONTROLLER = "cortex-m4"

"""Statements of published SCAMP-5 kernels in the terms of the instruction set.

Published code (github.com/lauriebose, github.com/computational-imaging/PixelRNN, github.com/bguillard/CNNs-on-FPSPs)
uses more names than the instruction set has: registers by their duties, older macros, and raw control words. Each
becomes the instructions that do the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from larq_focal.focal_plane.machine.bit_planes import DIRECTIONS
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionError

ALIASES = {"RF": "R0", "RS": "R1", "RW": "R2", "RN": "R3", "RE": "R4", "RP": "R12"}
ALIASES |= {f"S{number}": f"R{number + 5}" for number in range(7)}
"""Of ``scamp5_icw.hpp`` and of L. Bose's programs."""

_SHIFTED = {"mov": "movx"}  # with a direction behind, in the older library
_IGNORED = {
    "plrb",
    "plwb",
    "bitmode",
    "rid",
    "SEL4",
    "seln",
    "sels",
}  # how the local bus is driven; inputs past a border
_SHIFT = {"s_in", "nb"}


def standard(name: str, operands: tuple[str, ...], registers: Collection[str]) -> list[Instruction]:
    """The instructions for one statement of a kernel.

    Args:
        name, operands: as written.
        registers: those that the sensor has, whose names are no aliases.

    Raises:
        InstructionError: a raw control word that is not understood.
    """
    if name == "icw":
        return _control_word(operands)
    operands = tuple(_register(operand, registers) for operand in operands)
    directions = [operand for operand in operands if set(operand.split("|")) <= set(DIRECTIONS)]
    if name in _SHIFTED and len(operands) == 3 and directions == [operands[2]]:
        return [Instruction(_SHIFTED[name], operands)]
    if name == "DNEWS" and len(operands) == 4 and operands[3] in ("0", "1", "false", "true"):
        if operands[3] in ("0", "false"):
            return [Instruction(name, operands[:3])]
        return [Instruction(name, operands[:3]), Instruction("DNEWS1", operands[:2])]
    if name == "XOR" and len(operands) == 3 and operands[0] not in operands[1:]:
        return _exclusive_or(*operands)
    return [Instruction(name, operands)]


def _exclusive_or(d: str, x: str, y: str) -> list[Instruction]:
    """d := x XOR y, which changes R0 alone beside; what it takes in the library that had it is not published."""
    return [
        *(Instruction("NOT", ("R0", y)), Instruction("NOR", (d, x, "R0"))),
        *(Instruction("NOT", ("R0", x)), Instruction("NOR", ("R0", y)), Instruction("OR", (d, "R0"))),
    ]


def _register(name: str, registers: Collection[str]) -> str:
    return name if name in registers else ALIASES.get(name, name)


def _control_word(operands: tuple[str, ...]) -> list[Instruction]:
    """``icw(clock, {bits})`` that reads digital registers (RRn) and writes others (LRn), perhaps through a shift.

    What such a shift sees past the border depends on the boundary's inputs, which are not documented: it is taken as 0.
    """
    text = ",".join(operands[1:])
    match = re.fullmatch(r"\{([\w,]*)\}", text)
    bits = set(match[1].split(",")) - {""} if match else set()
    reads, writes = (
        tuple(f"R{number}" for number in range(1, 13) if f"{kind}{number}" in bits) for kind in ("RR", "LR")
    )
    left = {bit for bit in bits if not re.fullmatch(r"[RL]R\d+", bit)} - _IGNORED
    is_shift = left >= _SHIFT
    left -= _SHIFT if is_shift else set()
    if not match or not writes or not reads or left not in ({"bit"}, {"nbit"}) or set(reads) & set(writes):
        raise InstructionError(
            f"icw({', '.join(operands)}): only control words that read digital registers and write others are "
            "understood; write the instruction instead."
        )
    if is_shift:
        if left == {"nbit"} or len(reads) > 1:
            raise InstructionError(f"icw({', '.join(operands)}): a shift reads one register and does not invert it.")
        return [Instruction("DNEWS0", (target, *reads)) for target in writes]
    names = ("MOV", "OR") if left == {"bit"} else ("NOT", "NOR")
    return [Instruction(names[len(reads) > 1], (target, *reads)) for target in writes]

"""FLAG is lifted to one after every use, so that code can be put together; where nothing needs that, it is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from larq_focal.focal_plane.compiler.backend.kernels import Placed
from larq_focal.focal_plane.machine.controller import FUNCTIONS
from larq_focal.focal_plane.machine.forms import ANALOG
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionSet
from larq_focal.focal_plane.machine.program import Call

_LIFTS = (Instruction("all"), Instruction("ALL"))


def without_needless_lifts(code: Sequence[Placed], instruction_set: InstructionSet) -> list[Placed]:
    """The code without lifts of FLAG that no analog write and no read of it meets before FLAG is written again."""
    flag = set(instruction_set.sensor.digital.flag)
    kept: list[Placed] = []
    is_needed = True  # FLAG is at one at the end
    for here in reversed(code):
        if here.statement in _LIFTS and not is_needed:
            continue
        for reads, writes in reversed(list(_accesses(here.statement, instruction_set, flag))):
            is_needed = reads or (is_needed and not writes)
        kept.append(here)
    return kept[::-1]


def _accesses(statement: Instruction | Call, instruction_set: InstructionSet, flag: set[str]) -> Iterator[tuple]:
    """Whether each word, or a call, depends on FLAG, and whether it writes it."""
    if isinstance(statement, Call):
        kinds = zip(statement.operands, FUNCTIONS[statement.name].operands, strict=True)
        yield any(operand in flag for operand, kind in kinds if kind == "S"), False
        return
    for word in instruction_set.words(statement):
        writes = bool(flag & set(word.targets))
        is_masked = word.form.clock == ANALOG and bool(word.targets) and not writes
        yield is_masked or bool(flag & set(word.sources)), writes

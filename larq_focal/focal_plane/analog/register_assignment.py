"""Gives the values of a straight program registers, and writes its instructions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from larq_focal.focal_plane.analog.moves import Move
from larq_focal.focal_plane.machine import Instruction


def overwritable(move: Move) -> tuple[int, ...]:
    """The operands whose register the result may take, if they are not needed any more.

    The result is written while the instruction still reads the second operand of a difference, or the only one of a
    negation or a division.
    """
    if move.mnemonic.startswith(("mov", "add")):
        return move.operands
    if move.mnemonic.startswith("sub"):
        first, second = move.operands
        return () if first == second else (first,)
    return ()


def results(move: Move) -> int:
    """How many registers it writes besides those that it restores."""
    return 1 if move.spare is None else 2


def assigned(
    moves: Sequence[Move], source: int, goals: Iterable[int], names: Sequence[str], input_register: str
) -> tuple[tuple[Instruction, ...], dict[int, str]]:
    """The instructions of ``moves`` and the registers that hold the ``goals`` after them.

    As every value lives from one move to another, the first free register always will do.

    Args:
        moves: in the order of the program; at no point more values live than there are ``names``.
        source: the value that ``input_register`` holds before.
        goals: values that must be held in the end.
        names: registers, ``input_register`` among them.
        input_register: where the image is.
    """
    live_after = _live_after(moves, goals)
    held = {source: input_register}
    instructions = []
    for move, live in zip(moves, live_after, strict=True):
        free = [name for name in names if name not in held.values()]
        free += sorted(held[value] for value in overwritable(move) if value not in live)
        targets = free[: results(move)]
        instructions.append(_instruction(move, targets, [held[operand] for operand in move.operands]))
        made = dict(zip((move.result, move.spare), targets, strict=False))
        held = {value: name for value, name in (held | made).items() if value in live}
    return tuple(instructions), held


def _live_after(moves: Sequence[Move], goals: Iterable[int]) -> list[set[int]]:
    """The values that are still needed after each move; one may be made, lost and made again."""
    live, result = set(goals), []
    for move in reversed(moves):
        result.append(live)
        live = (live - {move.result, move.spare}) | set(move.operands)
    return result[::-1]


def _instruction(move: Move, targets: list[str], operands: list[str]) -> Instruction:
    if move.mnemonic.startswith("sub") and move.directions:  # the direction belongs to the first operand
        first, second = operands
        return Instruction(move.mnemonic, (*targets, first, *move.directions, second))
    return Instruction(move.mnemonic, (*targets, *operands, *move.directions))

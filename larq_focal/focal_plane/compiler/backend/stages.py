"""A frame whose kernels the store cannot hold together is divided into stages, each with kernels that it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from larq_focal.focal_plane.compiler.backend.launches import Step, words_of
from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionSet


def stages(steps: Sequence[Step], instruction_set: InstructionSet, limit: int) -> list[list[Step]]:
    """The steps in their order, in as few stages as can be.

    Of the divisions into that many stages the one is taken whose largest stage is smallest, so that every stage has
    room for kernels that are joined.

    Args:
        steps: the frame; kernels longer than the store are cut.
        instruction_set: tells how many words an instruction takes.
        limit: words that the store holds; no instruction takes more.
    """
    steps = [part for step in steps for part in _cut(step, instruction_set, limit)]
    numbers: dict[tuple[Instruction, ...], int] = {}
    launched = [numbers.setdefault(step.body, len(numbers)) if step.body else None for step in steps]
    words = [words_of(body, instruction_set) for body in numbers]
    least, most = max(words, default=0), limit
    fewest = len(_starts(launched, words, limit))
    while least < most:
        middle = (least + most) // 2
        if len(_starts(launched, words, middle)) > fewest:
            least = middle + 1
        else:
            most = middle
    starts = _starts(launched, words, most)
    return [steps[start:end] for start, end in zip(starts, [*starts[1:], len(steps)], strict=True)]


def _starts(launched: Sequence[int | None], words: Sequence[int], limit: int) -> list[int]:
    """Where stages begin if each goes on for as long as its kernels take no more than ``limit`` words.

    No division has fewer stages: one that begins later ends no sooner.
    """
    starts = [0]
    stored: set[int] = set()
    used = 0
    for index, number in enumerate(launched):
        if number is None or number in stored:
            continue
        if used + words[number] > limit:
            starts.append(index)
            stored, used = set(), 0
        stored.add(number)
        used += words[number]
    return starts


def _cut(step: Step, instruction_set: InstructionSet, limit: int) -> Iterator[Step]:
    """The launch of a kernel of more than ``limit`` words as several."""
    if not step.body:
        yield step
        return
    part: list[Instruction] = []
    used = 0
    for instruction in step.body:
        words = len(instruction_set.words(instruction))
        if part and used + words > limit:
            yield replace(step, body=tuple(part))
            part, used = [], 0
        part.append(instruction)
        used += words
    yield replace(step, body=tuple(part))

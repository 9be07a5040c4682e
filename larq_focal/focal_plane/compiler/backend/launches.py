"""Kernels that follow each other are joined, for launches take time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from larq_focal.focal_plane.machine.instruction_set import Instruction, InstructionSet
from larq_focal.focal_plane.machine.program import Call


@dataclass(frozen=True)
class Step:
    """A launch of a kernel with the instructions ``body``, or a call of the controller."""

    section: str
    body: tuple[Instruction, ...] = ()
    call: Call | None = None


def words_of(body: tuple[Instruction, ...], instruction_set: InstructionSet) -> int:
    """Instruction words of a kernel."""
    return sum(len(instruction_set.words(instruction)) for instruction in body)


def fewer_launches(steps: list[Step], instruction_set: InstructionSet, limit: int) -> list[Step]:
    """Joins kernels that are launched one after the other, as far as the store has room for the longer ones.

    The pair comes first that saves the most launches for each word of the store; many cost none, for one of them is
    launched nowhere else. The scheme is that of P. Gage, "A new algorithm for data compression", C Users Journal 12
    (1994), with a bound on the dictionary.
    """
    numbers: dict[tuple[Instruction, ...], int] = {}
    launched = [numbers.setdefault(step.body, len(numbers)) if step.body else None for step in steps]
    bodies = list(numbers)
    words = [words_of(body, instruction_set) for body in bodies]
    kept = list(steps)
    free = limit - sum(words)
    while (best := _best_pair(launched, words, free)) is not None:
        (first, second), cost = best
        free -= cost
        joined = bodies[first] + bodies[second]
        if joined not in numbers:
            numbers[joined] = len(bodies)
            bodies.append(joined)
            words.append(words[first] + words[second])
        launched, kept = _joined(launched, kept, (first, second), numbers[joined])
    return [
        Step(step.section, () if n is None else bodies[n], step.call) for n, step in zip(launched, kept, strict=True)
    ]


def _best_pair(launched: list[int | None], words: list[int], free: int) -> tuple[tuple[int, int], int] | None:
    """The kernels, launched one after the other, whose joining saves most, and the words that it takes."""
    launches: Counter[int | None] = Counter(launched)
    pairs: Counter[tuple[int, int]] = Counter()
    before = None  # the last launch, if it can still be the first of a pair
    for number in launched:
        if before is not None and number is not None:
            pairs[before, number] += 1
            before = None if before == number else number
        else:
            before = number
    best, best_rank = None, (0.0, 0)
    for (first, second), count in pairs.items():
        if first == second:
            cost = 2 * words[first] - (words[first] if launches[first] == 2 * count else 0)
        else:
            cost = sum(words[number] for number in (first, second) if launches[number] > count)
        rank = count / max(cost, 0.5), count
        if cost <= free and rank > best_rank:
            best, best_rank = ((first, second), cost), rank
    return best


def _joined(
    launched: list[int | None], steps: list[Step], pair: tuple[int, int], joined: int
) -> tuple[list[int | None], list[Step]]:
    """The launches and steps with every launch of a ``pair`` of kernels as one of the kernel ``joined``."""
    numbers: list[int | None] = []
    kept: list[Step] = []
    index = 0
    while index < len(launched):
        is_pair = tuple(launched[index : index + 2]) == pair
        numbers.append(joined if is_pair else launched[index])
        kept.append(steps[index])
        index += 2 if is_pair else 1
    return numbers, kept

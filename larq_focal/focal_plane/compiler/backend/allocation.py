"""Linear scan on live ranges that takes its choices back where they lead to a dead end.

After M. Poletto, V. Sarkar, "Linear scan register allocation", ACM TOPLAS 21 (1999). Registers differ in what they may
hold, so the first choice is not always right: the scan then jumps back to the latest choice that stands in its way
(P. Prosser, "Hybrid algorithms for the constraint satisfaction problem", Computational Intelligence 9, 1993), up to
``MOST_JUMPS`` times. Within that limit it finds an allocation whenever there is one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

MOST_JUMPS = 300


class LiveRange(NamedTuple):
    """A plane is live from statement ``start`` to ``end``, both included; ``registers`` are those it may lie in.

    Registers come in the order in which they should be tried. ``last_write`` is the last statement that changes it.
    """

    start: int
    end: int
    registers: tuple[str, ...]
    last_write: int = 0


class AllocationError(ValueError):
    """No allocation was found; ``blocked`` is the index of the furthest range that found no register.

    ``overfull`` are all ranges at whose start more are live than there are registers for them, ``blocked`` the first of
    them; just ``blocked`` where the search ended without an answer.
    """

    def __init__(self, blocked: int, *others: int):
        super().__init__(f"Live range {blocked} finds no register.")
        self.blocked = blocked
        self.overfull = (blocked, *others)


def allocate(
    ranges: Sequence[LiveRange], masks: Mapping[str, str] = MappingProxyType({}), most_jumps: int = MOST_JUMPS
) -> list[str]:
    """A register for every range, such that ranges which overlap have different ones.

    Args:
        ranges: ordered by ``start``.
        masks: by register, the register that masks its writes, and so can hold a range only while there are none.
        most_jumps: how often choices may be taken back.

    Raises:
        AllocationError: there is no such allocation, or none was found within ``most_jumps``.
    """
    if overfull := _overfull(ranges):
        raise AllocationError(*overfull)
    scan = _Scan(ranges, masks)
    now, furthest, jumps = 0, 0, 0
    while now < len(ranges):
        furthest = max(furthest, now)
        if scan.place(now):
            now += 1
            continue
        conflicts = scan.in_the_way(now)
        if not conflicts or jumps == most_jumps:
            raise AllocationError(furthest)
        jumps += 1
        now = scan.jump_back(now, conflicts)
    return scan.registers()


def _overfull(ranges: Sequence[LiveRange]) -> list[int]:
    """The ranges at whose start more ranges are live than there are registers for them.

    Ranges contend for a set of registers if all that they may lie in belong to it.
    """
    sets = {registers: frozenset(registers) for registers in {here.registers for here in ranges}}
    numbers = {registers: number for number, registers in enumerate(sets)}
    kinds = np.array([numbers[here.registers] for here in ranges], np.int64)
    starts, ends = (np.array([here[end] for here in ranges], np.int64) for end in (0, 1))
    found = np.zeros(len(ranges), bool)
    for those in set(sets.values()):
        contends = np.array([other <= those for other in sets.values()])[kinds]
        live = np.cumsum(contends) - np.searchsorted(np.sort(ends[contends]), starts)
        found |= contends & (live > len(those))
    return np.flatnonzero(found).tolist()


class _Scan:
    """The choices made so far: a large program takes some back, and makes them again, a million times."""

    def __init__(self, ranges: Sequence[LiveRange], masks: Mapping[str, str]):
        self._ranges, self._masks = ranges, masks
        self._masked = {mask: register for register, mask in masks.items()}
        self._ends = [here.end for here in ranges]
        self._holders: dict[str | None, int | None] = {}  # by register: the latest range that it was given to
        # By range: the place of its register among those it may lie in, what that held before, and the earlier ranges
        # that kept it, or a later one that jumped back to it, from a register.
        self._tried = [-1] * len(ranges)
        self._displaced: list[int | None] = [None] * len(ranges)
        self._in_the_way: defaultdict[int, set[int]] = defaultdict(set)

    def in_the_way(self, now: int) -> set[int]:
        return self._in_the_way[now]

    def registers(self) -> list[str]:
        return [here.registers[tried] for here, tried in zip(self._ranges, self._tried, strict=True)]

    def place(self, now: int) -> bool:
        """Gives range ``now`` the next register that is free for it; notes which ranges stand in the way."""
        here, holders, ends = self._ranges[now], self._holders, self._ends
        start, registers = here.start, here.registers
        for tried in range(self._tried[now] + 1, len(registers)):
            register, is_free = registers[tried], True
            held = holders.get(register)
            for other in (held, holders.get(self._masks.get(register))):
                if other is not None and ends[other] >= start:
                    self._in_the_way[now].add(other)
                    is_free = False
            written = holders.get(self._masked.get(register))
            if written is not None and ends[written] >= start and self._ranges[written].last_write >= start:
                self._in_the_way[now].add(written)
                is_free = False
            if is_free:
                self._tried[now], self._displaced[now] = tried, held
                holders[register] = now
                return True
        self._tried[now] = len(registers)
        return False

    def jump_back(self, now: int, conflicts: set[int]) -> int:
        """Takes back all choices after the latest range among ``conflicts``, and its own; returns that range."""
        back = max(conflicts)
        for index in range(now, back - 1, -1):
            registers, tried = self._ranges[index].registers, self._tried[index]
            if tried < len(registers):
                self._holders[registers[tried]] = self._displaced[index]
            if index > back:
                self._tried[index] = -1
                self._in_the_way.pop(index, None)
        self._in_the_way[back] |= conflicts - {back}
        return back

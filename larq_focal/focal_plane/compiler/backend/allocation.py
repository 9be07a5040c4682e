"""Linear scan on live ranges that takes its choices back where they lead to a dead end.

After M. Poletto, V. Sarkar, "Linear scan register allocation", ACM TOPLAS 21 (1999). Registers differ in what they may
hold, so the first choice is not always right: the scan then jumps back to the latest choice that stands in its way
(P. Prosser, "Hybrid algorithms for the constraint satisfaction problem", Computational Intelligence 9, 1993), up to
``MOST_JUMPS`` times. Within that limit it finds an allocation whenever there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from types import MappingProxyType

MOST_JUMPS = 300


@dataclass(frozen=True)
class LiveRange:
    """A plane is live from statement ``start`` to ``end``, both included; ``registers`` are those it may lie in.

    Registers come in the order in which they should be tried. ``last_write`` is the last statement that changes it.
    """

    start: int
    end: int
    registers: tuple[str, ...]
    last_write: int = 0


class AllocationError(ValueError):
    """No allocation was found; ``blocked`` is the index of the furthest range that found no register."""

    def __init__(self, blocked: int):
        super().__init__(f"Live range {blocked} finds no register.")
        self.blocked = blocked


@dataclass
class _Choice:
    """The register tried for one range, what it held before, and the earlier ranges that stood in the way of others."""

    tried: int = -1
    displaced: int | None = None
    in_the_way: set[int] | None = None


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
    overfull = _overfull(ranges)
    if overfull is not None:
        raise AllocationError(overfull)
    holder: dict[str, int | None] = {}  # by register: the latest range that it was given to
    choices = [_Choice(in_the_way=set()) for _ in ranges]
    now, furthest, jumps = 0, 0, 0
    while now < len(ranges):
        furthest = max(furthest, now)
        if _place(now, choices[now], ranges, holder, masks):
            now += 1
            continue
        conflicts = choices[now].in_the_way
        if not conflicts or jumps == most_jumps:
            raise AllocationError(furthest)
        jumps += 1
        back = max(conflicts)
        for undone in range(now, back, -1):
            _take_back(choices[undone], ranges[undone], holder)
            choices[undone] = _Choice(in_the_way=set())
        _take_back(choices[back], ranges[back], holder)
        choices[back].in_the_way |= conflicts - {back}
        now = back
    return [here.registers[choice.tried] for here, choice in zip(ranges, choices, strict=True)]


def _overfull(ranges: Sequence[LiveRange]) -> int | None:
    """The first range at whose start more ranges are live than there are registers for them, or None.

    Ranges contend for a set of registers if all that they may lie in belong to it.
    """
    sets = {here.registers: frozenset(here.registers) for here in ranges}
    contended = {those: [other for other in set(sets.values()) if those <= other] for those in set(sets.values())}
    live: Counter[frozenset[str]] = Counter()  # by set of registers: ranges that contend for it
    ending: list[tuple[int, int]] = []
    for index, here in enumerate(ranges):
        while ending and ending[0][0] < here.start:
            live.subtract(contended[sets[ranges[heappop(ending)[1]].registers]])
        heappush(ending, (here.end, index))
        for those in contended[sets[here.registers]]:
            live[those] += 1
            if live[those] > len(those):
                return index
    return None


def _place(
    now: int,
    choice: _Choice,
    ranges: Sequence[LiveRange],
    holder: dict[str, int | None],
    masks: Mapping[str, str],
) -> bool:
    """Gives range ``now`` the next register that is free for it; notes which ranges stand in the way."""
    here = ranges[now]

    def live(register: str | None) -> int | None:
        other = holder.get(register) if register else None
        return None if other is None or ranges[other].end < here.start else other

    masked = {mask: register for register, mask in masks.items()}
    for tried in range(choice.tried + 1, len(here.registers)):
        register = here.registers[tried]
        written = live(masked.get(register))
        if written is not None and ranges[written].last_write < here.start:
            written = None
        in_the_way = {live(register), live(masks.get(register)), written} - {None}
        if not in_the_way:
            choice.tried, choice.displaced = tried, holder.get(register)
            holder[register] = now
            return True
        choice.in_the_way |= in_the_way
    choice.tried = len(here.registers)
    return False


def _take_back(choice: _Choice, here: LiveRange, holder: dict[str, int | None]) -> None:
    if 0 <= choice.tried < len(here.registers):
        holder[here.registers[choice.tried]] = choice.displaced

"""Where planes are live, and which registers they may lie in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import numpy as np

from larq_focal.focal_plane.compiler.backend.accesses import Access
from larq_focal.focal_plane.compiler.backend.allocation import LiveRange
from larq_focal.focal_plane.compiler.backend.virtual import Code, Plane
from larq_focal.focal_plane.sensor import Sensor

Span = tuple[int, int]
_LIFTS_FLAG = ("all", "ALL")


def masks_of(sensor: Sensor) -> dict[str, str]:
    """By register, the one that masks its writes."""
    return dict(zip(sensor.digital.propagation, sensor.digital.mask, strict=False))


def live_ranges(code: Code, accesses: Sequence[Access]) -> dict[Plane, LiveRange]:
    """The live range of every plane, ordered by start; of its registers those of few uses come first.

    What changes late in its life should not lie where the mask register limits writes: then that can hold a plane, too.

    Raises:
        ValueError: a plane is read before it is written.
    """
    digital = code.sensor.digital
    spans, written, only_copied, masked = _plane_spans(accesses, digital.mask)
    blocked = blocked_spans(code, accesses)
    first, last = digital.direction + digital.flag, digital.mask
    steady = [name for name in first + digital.propagation + digital.free + last if name not in code.reserved]
    changing = [name for name in first + digital.free + digital.propagation + last if name not in code.reserved]
    if not digital.mask:  # then nothing masks the propagation register
        masked = set()
    every = {True: changing, False: steady}

    @cache
    def allowed(changes_late: bool, is_only_copied: bool, is_masked: bool) -> tuple[str, ...]:
        return tuple(
            name
            for name in every[changes_late]
            if (name not in digital.flag or is_only_copied) and (name not in digital.propagation or not is_masked)
        )

    @cache
    def without(registers: tuple[str, ...], taken: int) -> tuple[str, ...]:
        out = {name for bit, name in enumerate(blocked) if taken >> bit & 1}
        return tuple(name for name in registers if name not in out)

    ordered = sorted(spans.items(), key=lambda item: item[1])
    every_span = np.array([span for _, span in ordered], np.int64).reshape(-1, 2)
    touched = np.zeros(len(ordered), np.int64)  # by plane: the bits of the registers that are blocked while it is live
    for bit, where in enumerate(blocked.values()):
        touched |= where.touch(every_span).astype(np.int64) << bit
    ranges = {}
    for (plane, span), taken in zip(ordered, touched.tolist(), strict=True):
        changes_late = 4 * (written[plane] - span[0]) > span[1] - span[0]
        registers = allowed(changes_late, plane in only_copied, plane in masked)
        ranges[plane] = LiveRange(*span, without(registers, taken) if taken else registers, written[plane])
    return ranges


def _plane_spans(accesses: Sequence[Access], mask: tuple[str, ...]) -> tuple[dict[Plane, Span], dict, set, set]:
    """First and last statement of planes, their last write, which are only copied to, and which the mask works on."""
    spans: dict[Plane, Span] = {}
    written: dict[Plane, int] = {}
    not_copied: set[Plane] = set()
    masked: set[Plane] = set()
    for index, access in enumerate(accesses):
        for name in access.reads:
            if isinstance(name, Plane):
                if name not in spans:
                    raise ValueError(f"{name} is read by statement {index} before anything is written to it.")
                spans[name] = (spans[name][0], index)
        for name in access.writes:
            if isinstance(name, Plane):
                spans[name] = (spans.get(name, (index,))[0], index)
                written[name] = index
                if not access.copies:
                    not_copied.add(name)
        if set(mask) & set(access.writes):
            masked.update(name for name in access.reads + access.writes if isinstance(name, Plane))
    return spans, written, set(spans) - not_copied, masked


class Blocked:
    """Where one register must be left alone: spans that follow each other."""

    def __init__(self):
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._kept: int | None = None  # the span that begins with the last write to all pixels

    def add(self, index: int, is_masked: bool = False) -> None:
        """Left alone at ``index``, where it is written; a write that ``is_masked`` leaves some pixels as they were."""
        if not is_masked:
            self._kept = len(self._starts)
        self._starts.append(index)
        self._ends.append(index)

    def extend(self, index: int) -> None:
        """What was written last is still needed at ``index``; what was never written comes from before the start."""
        kept, start = (0, 0) if self._kept is None else (self._kept, self._starts[self._kept])
        self._starts[kept:], self._ends[kept:] = [start], [index]
        self._kept = kept

    def around(self, index: int) -> Span:
        """From the start to the end of the spans that hold ``index``; ``index`` alone if none does."""
        first, last = bisect_left(self._ends, index), bisect_right(self._starts, index) - 1
        return (self._starts[first], self._ends[last]) if first <= last else (index, index)

    def touch(self, spans: np.ndarray) -> np.ndarray:
        """Whether any of the blocked spans overlaps each of ``spans`` ``[n, 2]``."""
        if not self._ends:
            return np.zeros(len(spans), bool)
        first = np.searchsorted(self._ends, spans[:, 0])
        starts = np.append(self._starts, np.iinfo(np.int64).max)
        return starts[first] <= spans[:, 1]

    def touches(self, span: Span) -> bool:
        first = bisect_left(self._ends, span[0])
        return first < len(self._ends) and self._starts[first] <= span[1]


def overwritten(code: Code, accesses: Sequence[Access]) -> int | None:
    """The first statement that reads a named register which a call of the controller changed beside its target."""
    changed: set[str] = set()
    for index, (statement, access) in enumerate(zip(code.statements, accesses, strict=True)):
        if not changed.isdisjoint((*access.reads, *statement.keeps)):
            return index
        changed.difference_update(access.writes)
        changed.update(access.overwrites)
    return None


def blocked_spans(code: Code, accesses: Sequence[Access]) -> dict[str, Blocked]:
    """By register: where what a program wrote to it by name must be kept, and where an instruction overwrites it.

    FLAG must be left alone until it is lifted, even after its last use: until then it masks all analog writes.
    """
    flag = code.sensor.digital.flag
    masks = masks_of(code.sensor)
    blocked: dict[str, Blocked] = defaultdict(Blocked)
    flag_is_lifted = True
    for index, (statement, access) in enumerate(zip(code.statements, accesses, strict=True)):
        for name in access.reads + statement.keeps + (flag if access.is_analog else ()):
            if name in flag and flag_is_lifted:
                blocked[name].add(index)
            elif isinstance(name, str):
                blocked[name].extend(index)
        for name in access.writes:
            if not isinstance(name, str):
                continue
            if name in flag and not flag_is_lifted:
                blocked[name].extend(index)
            else:
                blocked[name].add(index, is_masked=access.is_analog and not flag_is_lifted)
            if name in flag:
                flag_is_lifted = statement.name in _LIFTS_FLAG
            if name in masks:
                blocked[masks[name]].add(index)
    return blocked

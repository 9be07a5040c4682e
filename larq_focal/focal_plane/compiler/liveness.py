"""Where planes are live, and which registers they may lie in."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from larq_focal.focal_plane.compiler.accesses import Access
from larq_focal.focal_plane.compiler.allocation import LiveRange
from larq_focal.focal_plane.compiler.virtual import Code, Plane

Span = tuple[int, int]
_LIFTS_FLAG = ("all", "ALL")


def live_ranges(code: Code, accesses: Sequence[Access]) -> dict[Plane, LiveRange]:
    """The live range of every plane, ordered by start. Registers of few uses come first, free ones last.

    Raises:
        ValueError: a plane is read before it is written.
    """
    digital = code.sensor.digital
    spans, only_copied, masked = _plane_spans(accesses, digital.mask)
    blocked = blocked_spans(code, accesses)
    ordered = digital.direction + digital.flag + digital.propagation + digital.free
    candidates = [name for name in ordered if name not in code.reserved]
    if not digital.mask:  # then nothing masks the propagation register
        masked = set()
    ranges = {}
    for plane, span in sorted(spans.items(), key=lambda item: item[1]):
        registers = tuple(
            name
            for name in candidates
            if (name not in digital.flag or plane in only_copied)
            and (name not in digital.propagation or plane not in masked)
            and not (name in blocked and blocked[name].touches(span))
        )
        ranges[plane] = LiveRange(*span, registers)
    return ranges


def _plane_spans(accesses: Sequence[Access], mask: tuple[str, ...]) -> tuple[dict[Plane, Span], set, set]:
    """First and last statement of each plane, those only written by copies, and those in macros that use the mask."""
    spans: dict[Plane, Span] = {}
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
                if not access.copies:
                    not_copied.add(name)
        if set(mask) & set(access.writes):
            masked.update(name for name in access.reads + access.writes if isinstance(name, Plane))
    return spans, set(spans) - not_copied, masked


class Blocked:
    """Where one register must be left alone: spans that follow each other."""

    def __init__(self):
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, index: int) -> None:
        self._starts.append(index)
        self._ends.append(index)

    def extend(self, index: int) -> None:
        """What was written last is still needed at ``index``; what was never written comes from before the start."""
        if not self._starts:
            self._starts.append(0)
            self._ends.append(index)
        self._ends[-1] = index

    def touches(self, span: Span) -> bool:
        first = bisect_left(self._ends, span[0])
        return first < len(self._ends) and self._starts[first] <= span[1]


def blocked_spans(code: Code, accesses: Sequence[Access]) -> dict[str, Blocked]:
    """By register: where what a program wrote to it by name must be kept, and where an instruction overwrites it."""
    flag = code.sensor.digital.flag
    blocked: dict[str, Blocked] = defaultdict(Blocked)
    flag_is_lifted = True
    for index, (statement, access) in enumerate(zip(code.statements, accesses, strict=True)):
        for name in access.reads + (flag if access.is_analog else ()):
            if name in flag and flag_is_lifted:
                blocked[name].add(index)
            elif isinstance(name, str):
                blocked[name].extend(index)
        for name in access.writes:
            if isinstance(name, str):
                blocked[name].add(index)
                if name in flag:
                    flag_is_lifted = statement.name in _LIFTS_FLAG
    return blocked

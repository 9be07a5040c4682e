"""Which registers each section of a program uses, and for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from larq_focal.focal_plane.compiler.backend.accesses import Access
from larq_focal.focal_plane.compiler.backend.allocation import LiveRange
from larq_focal.focal_plane.compiler.backend.virtual import Code, Plane


@dataclass(frozen=True)
class SectionUse:
    """``registers`` gives the names of the planes that lie in each while the section runs.

    Those of a register that is only used by its name are empty. ``peak`` is the most planes live at once.
    """

    registers: Mapping[str, tuple[str, ...]]
    peak: int


def uses_by_section(
    code: Code, accesses: Sequence[Access], ranges: Mapping[Plane, LiveRange], registers: Mapping[Plane, str]
) -> dict[str, SectionUse]:
    """What each section of ``code`` uses, with the registers that its planes were given."""
    live = _live_counts(len(code.statements), ranges)
    starting = sorted(ranges.items(), key=lambda item: item[1].start)
    found: dict[str, dict[str, dict[str, None]]] = {}
    peaks: dict[str, int] = {}
    held: list[tuple[int, Plane]] = []  # planes that live on from earlier runs of sections, and when they end
    index = following = 0
    for section, run in groupby(code.statements, key=lambda statement: statement.section):
        end = index + sum(1 for _ in run)
        used = found.setdefault(section, {})
        held = [(last, plane) for last, plane in held if last >= index]
        while following < len(starting) and starting[following][1].start < end:
            plane, here = starting[following]
            held.append((here.end, plane))
            following += 1
        for _, plane in held:
            used.setdefault(registers[plane], {})[plane.name] = None
        for access in accesses[index:end]:
            for name in access.reads + access.writes:
                if isinstance(name, str):
                    used.setdefault(name, {})
        peaks[section] = max(peaks.get(section, 0), *live[index:end])
        index = end
    return {
        section: SectionUse({register: tuple(names) for register, names in used.items()}, peaks[section])
        for section, used in found.items()
    }


def _live_counts(statements: int, ranges: Mapping[Plane, LiveRange]) -> list[int]:
    """Planes that are live at each statement."""
    changes = [0] * (statements + 1)
    for here in ranges.values():
        changes[here.start] += 1
        changes[here.end + 1] -= 1
    live, counts = 0, []
    for change in changes[:-1]:
        live += change
        counts.append(live)
    return counts

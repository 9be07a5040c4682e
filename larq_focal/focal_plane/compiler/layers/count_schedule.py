"""How a layer is counted: a choice between instruction words and registers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from larq_focal.focal_plane.compiler.options import WeightSource

MOST_DEFERRED = 16  # columns; no count is as long


@dataclass(frozen=True)
class CountSchedule:
    """``deferred`` columns of the count are carry-save, see ``Count``; ``is_frugal`` as in ``Code``.

    ``regathers``: for every tap of the window the maps are shifted, and then the channels brought to the places that
    read them, so that no plane holds them from tap to tap. ``is_analog``: a charge counts instead of planes, where a
    step of it keeps within the analog range, see ``Accumulation``. ``weights``: where they come from.
    """

    deferred: int = 0
    is_frugal: bool = False
    regathers: bool = False
    is_analog: bool = False
    weights: WeightSource = WeightSource.PATTERNS

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"weights": self.weights.value}

    def frugal(self) -> CountSchedule | None:
        """The next schedule of fewer registers and more words, or None."""
        if self.deferred:
            return replace(self, deferred=self.deferred // 2)
        return None if self.regathers else replace(self, is_frugal=True, regathers=self.is_frugal)

    def most_frugal(self) -> CountSchedule:
        """The schedule of the fewest registers."""
        further = self.frugal()
        return self if further is None else further.most_frugal()


def most_frugal(schedules: Iterable[CountSchedule]) -> CountSchedule:
    """One schedule for layers that are counted together: of the fewest registers that one of them asks for."""
    found = list(schedules)
    return CountSchedule(
        deferred=min((schedule.deferred for schedule in found), default=MOST_DEFERRED),
        is_frugal=any(schedule.is_frugal for schedule in found),
        regathers=any(schedule.regathers for schedule in found),
        is_analog=bool(found) and all(schedule.is_analog for schedule in found),
        weights=found[0].weights if found else WeightSource.PATTERNS,
    )

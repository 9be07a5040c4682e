"""How long trials take, from those that are done: what is left, and what still fits into a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import fmean
from time import monotonic

from larq_focal.bench.records.schema import Record
from larq_focal.bench.study.trial import Trial


def duration_text(seconds: float) -> str:
    """45 s, 12 min, 3.4 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class Pace:
    """The time that trials take, and the budget, if there is one.

    Args:
        budget_minutes: from now on; None for no end.
        done: the share of a trial's epochs that has been trained already.
    """

    def __init__(self, budget_minutes: float | None = None, done: Callable[[Trial], float] = lambda trial: 0.0):
        self._ends_at = None if budget_minutes is None else monotonic() + 60 * budget_minutes
        self._done = done
        self._seconds: dict[int, list[float]] = {}

    def finished(self, trial: Trial, record: Record) -> None:
        """Learns from a trial that is done how long its point takes."""
        environment = record["environment"]
        seconds = environment["seconds"] + environment.get("judging_seconds", 0.0)
        self._seconds.setdefault(trial.index, []).append(seconds)

    @property
    def left_s(self) -> float | None:
        """What is left of the budget, in seconds; None where there is none."""
        return None if self._ends_at is None else max(0.0, self._ends_at - monotonic())

    def expected_s(self, trial: Trial) -> float | None:
        """How long a trial will take, by those of its point with other seeds; None where there are none yet."""
        known = self._seconds.get(trial.index)
        return fmean(known) * (1 - self._done(trial)) if known else None

    def fits(self, trial: Trial) -> bool:
        """Whether a trial ends within the budget; one of unknown length does while anything is left."""
        return self.left_s is None or (self.left_s > 0 and (self.expected_s(trial) or 0.0) <= self.left_s)

    def remaining_s(self, trials: Iterable[Trial]) -> float | None:
        """How long ``trials`` will take one after another; those of unknown length as the mean of the others."""
        expected = [self.expected_s(trial) for trial in trials]
        every = [seconds for known in self._seconds.values() for seconds in known]
        if not every:
            return None
        return sum(fmean(every) if seconds is None else seconds for seconds in expected)

"""A limit on the time that work may take."""

from __future__ import annotations

import time

from larq_focal.text import counted
from larq_focal.verdicts.verdict import Verdict


class TimeLimitError(ValueError):
    """The work was stopped because it took longer than it may; nothing is known about its result."""

    verdict = Verdict.NOT_JUDGED


class TimeLimit:
    """Stops work that asks it from time to time.

    Args:
        seconds: from now on; None is no limit.
    """

    def __init__(self, seconds: float | None = None):
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def check(self) -> None:
        """Asked by the work.

        Raises:
            TimeLimitError: the time is over.
        """
        if self._end is not None and time.monotonic() > self._end:
            raise TimeLimitError(f"no program was found within {counted(round(self._seconds), 'second')}")

    def at_most(self, seconds: float) -> TimeLimit:
        """A limit that ends after ``seconds``, and not later than this one."""
        left = seconds if self._end is None else max(min(seconds, self._end - time.monotonic()), 0.0)
        return TimeLimit(left)


NO_LIMIT = TimeLimit()

"""A limit on the CPU time that work may take: a busy machine stops it no earlier than an idle one."""

from __future__ import annotations

import time

from larq_focal.text import counted
from larq_focal.verdicts.verdict import Verdict


class TimeLimitError(ValueError):
    """The work was stopped because it took longer than it may; nothing is known about its result."""

    verdict = Verdict.NOT_JUDGED


class TimeLimit:
    """Stops work that asks it from time to time, in the thread that made the limit.

    Args:
        seconds: of CPU time, from now on; None is no limit.
    """

    def __init__(self, seconds: float | None = None):
        self._seconds = seconds
        self._end = None if seconds is None else time.thread_time() + seconds

    def check(self) -> None:
        """Asked by the work.

        Raises:
            TimeLimitError: the time is over.
        """
        if self._end is not None and time.thread_time() > self._end:
            raise TimeLimitError(f"no program was found within {counted(round(self._seconds), 'second')} of CPU time")

    def at_most(self, seconds: float) -> TimeLimit:
        """A limit that ends after ``seconds``, and not later than this one."""
        left = seconds if self._end is None else max(min(seconds, self._end - time.thread_time()), 0.0)
        return TimeLimit(left)


NO_LIMIT = TimeLimit()

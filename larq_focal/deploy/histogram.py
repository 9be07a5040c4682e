"""How times spread, as numbers and as bars on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from larq_focal.result import Result
from larq_focal.text import MILLISECONDS, in_one_unit, time_text

_BINS = 12
_TAIL_PERCENT = 95
_BAR_WIDTH = 40


@dataclass(frozen=True, repr=False)
class Histogram(Result):
    """``counts[i]`` times lie from ``edges_ms[i]`` to ``edges_ms[i + 1]``.

    The bins are equally wide up to the 95th percentile; the last one holds the tail, however long it is.
    """

    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, times_ms: Sequence[float]) -> Histogram:
        """Of at least one time."""
        times = np.asarray(times_ms, np.float64)
        low, knee, high = np.percentile(times, (0, _TAIL_PERCENT, 100))
        if low == high:
            return cls((float(low), float(high)), (len(times),))
        edges = np.unique(np.append(np.linspace(low, knee, _BINS + 1), high))
        counts, _ = np.histogram(times, edges)
        return cls(tuple(map(float, edges)), tuple(map(int, counts)))

    @property
    def headline(self) -> str:
        return f"{sum(self.counts):,} times from {time_text(self.edges_ms[0])} to {time_text(self.edges_ms[-1])}"

    def __rich__(self):
        from rich.table import Table

        from larq_focal.tables import add_figures, add_words, new_table

        unit, edges = in_one_unit(self.edges_ms, MILLISECONDS, largest=self.edges_ms[-2])  # the tail is long
        table: Table = new_table()
        add_figures(table, f"from {unit}", f"to {unit}")
        add_words(table, "inferences")
        add_figures(table, "")
        most = max(self.counts)
        for low, high, count in zip(edges[:-1], edges[1:], self.counts, strict=True):
            table.add_row(low, high, "█" * round(_BAR_WIDTH * count / most) or ("▏" if count else ""), f"{count:,}")
        return table

"""How times spread, as numbers and as bars on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_BINS = 12
_TAIL_PERCENT = 95
_BAR_WIDTH = 40


@dataclass(frozen=True)
class Histogram:
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

    def __rich__(self):
        from rich.table import Table

        table = Table(box=None, show_header=False, padding=(0, 1))
        table.add_column(justify="right")
        table.add_column()
        table.add_column(justify="right")
        most = max(self.counts)
        for low, high, count in zip(self.edges_ms[:-1], self.edges_ms[1:], self.counts, strict=True):
            bar = "█" * round(_BAR_WIDTH * count / most) or ("▏" if count else "")
            table.add_row(f"{spelled_ms(low)} to {spelled_ms(high)}", bar, str(count))
        return table


def spelled_ms(time_ms: float) -> str:
    """A time with its unit."""
    return f"{time_ms:.3f} ms" if time_ms >= 0.1 else f"{time_ms * 1000:.2f} µs"

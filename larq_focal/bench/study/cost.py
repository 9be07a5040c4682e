"""The costs that a study may set against accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from larq_focal.bench.records.schema import Record
from larq_focal.text import BYTES, COUNT, MILLISECONDS, Scale, bytes_text, count_text, time_text


@dataclass(frozen=True)
class Cost:
    """One figure of a run record.

    Attributes:
        title: What it is called.
        of: Takes it from a record; None where it is not known.
        text: Its text, with a unit.
        scale: The units there are.
    """

    title: str
    of: Callable[[Record], float | None]
    text: Callable[[float], str]
    scale: Scale

    def unit(self, costs: Sequence[float]) -> tuple[str, float]:
        """The unit, with its size, in which the middle of ``costs``, on a logarithmic axis, is 1 or more."""
        above = [cost for cost in costs if cost > 0]
        middle = math.sqrt(min(above) * max(above)) if above else 0.0
        return next(((name, size) for name, size in reversed(self.scale) if middle >= size), self.scale[0])


def _on_board(key: str) -> Callable[[Record], float | None]:
    return lambda record: (record.get("microcontroller") or {}).get(key)


def _total(key: str) -> Callable[[Record], float | None]:
    return lambda record: record["cost"]["totals"][key]


def _latency(record: Record) -> float | None:
    return record["timing"] and record["timing"]["median_ms"]


COSTS: Mapping[str, Cost] = {
    "parameter_bytes": Cost("parameters", _total("parameter_bytes"), bytes_text, BYTES),
    "file_bytes": Cost("file", lambda record: record["file"]["bytes"], bytes_text, BYTES),
    "ace": Cost("ACE", _total("ace"), count_text, COUNT),
    "latency_ms": Cost("median latency", _latency, time_text, MILLISECONDS),
    "flash_bytes": Cost("flash", _on_board("flash_bytes"), bytes_text, BYTES),
    "ram_bytes": Cost("RAM", _on_board("ram_bytes"), bytes_text, BYTES),
}

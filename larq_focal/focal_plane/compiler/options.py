"""How a program may be written: where maps lie, and where weights come from; importing this loads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class WeightSource(str, Enum):
    """``PATTERNS``: the controller writes each weight's places; the others spread weights over their tiles.

    ``PACKED`` keeps all weights of a tile's kernel within the tile in a digital register, two registers for ternary
    ones; ``ANALOG`` keeps them in one analog register as three levels, which are compared at each use.
    """

    PATTERNS = "patterns"
    PACKED = "packed"
    ANALOG = "analog"


AUTO, INTERLEAVED, TILED = "auto", "interleaved", "tiled"
PLACEMENTS = (AUTO, INTERLEAVED, TILED)
EVENTS, ESTIMATES = "events", "estimates"
DENSE_COUNTS = (EVENTS, ESTIMATES)
WEIGHTS = (AUTO, *(source.value for source in WeightSource))


@dataclass(frozen=True)
class Option:
    """How a program may be written; ``interleaved`` or ``tiled``."""

    placement: str = INTERLEAVED
    weights: WeightSource = WeightSource.PATTERNS

    @property
    def is_tiled(self) -> bool:
        return self.placement == TILED

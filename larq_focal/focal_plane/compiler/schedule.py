"""How a layer is counted: a choice between instruction words and registers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from larq_focal.focal_plane.compiler.weights import WeightSource


@dataclass(frozen=True)
class Schedule:
    """``deferred`` columns of the count are carry-save, see ``Count``; ``is_frugal`` as in ``Code``.

    ``regathers``: for every tap of the window the maps are shifted, and then the channels brought to the places that
    read them, so that no plane holds them from tap to tap. ``weights``: where they come from.
    """

    deferred: int = 0
    is_frugal: bool = False
    regathers: bool = False
    weights: WeightSource = WeightSource.PATTERNS

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"weights": self.weights.value}

    def frugal(self) -> Schedule | None:
        """The next schedule of fewer registers and more words, or None."""
        if self.deferred:
            return replace(self, deferred=self.deferred // 2)
        return None if self.regathers else replace(self, is_frugal=True, regathers=self.is_frugal)

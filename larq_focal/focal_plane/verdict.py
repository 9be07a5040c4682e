"""The three verdicts of a fit."""

from __future__ import annotations

from enum import Enum


class Verdict(str, Enum):
    """From best to worst."""

    FIT = "FIT"
    SPILL = "FIT WITH SPILL"
    NO_FIT = "NO FIT"

    def __str__(self) -> str:
        return self.value

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)

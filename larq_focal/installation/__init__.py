"""Which parts of larq_focal work on this machine, and how to get those that are missing."""

from __future__ import annotations

from larq_focal.lazy_door import lazy_door

__getattr__, __dir__ = lazy_door(
    __name__, {"diagnosis": ["Diagnosis", "Finding", "doctor"], "parts": ["PARTS", "Part"]}
)

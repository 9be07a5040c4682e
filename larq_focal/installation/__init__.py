"""Which parts of larq_focal work on this machine, and how to get those that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.installation.diagnosis import Diagnosis, Finding, doctor
    from larq_focal.installation.parts import PARTS, Part

__all__ = ["PARTS", "Diagnosis", "Finding", "Part", "doctor"]


if not TYPE_CHECKING:  # to a type checker this would make every name one of ours
    __getattr__, __dir__ = lazy_door(
        __name__, {"diagnosis": ("Diagnosis", "Finding", "doctor"), "parts": ("PARTS", "Part")}
    )

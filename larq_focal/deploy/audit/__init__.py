"""What became of each layer of a network in a converted file, and whether the file computes the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larq_focal.lazy_door import lazy_door

if TYPE_CHECKING:
    from larq_focal.deploy.audit.file_audit import audit
    from larq_focal.deploy.audit.report import Audit

__all__ = ["Audit", "audit"]


if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_door(__name__, {"file_audit": ("audit",), "report": ("Audit",)})

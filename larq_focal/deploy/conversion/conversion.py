"""What a conversion gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from larq_focal.deploy.audit.report import Audit
from larq_focal.result import Result


@dataclass(frozen=True, repr=False)
class Conversion(Result):
    """A converted model: where the file is, its audit, and the converter that wrote it, with its version."""

    path: Path
    audit: Audit
    converter: str

    @property
    def headline(self) -> str:
        return f"{self.path}, {self.audit.headline}"

    def __rich__(self):
        return self.audit

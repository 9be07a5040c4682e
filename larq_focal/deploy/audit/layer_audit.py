"""The row of an audit: one layer as it was meant, and what it became."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Intent = Literal["binary", "few-bit", "float"]
Became = Literal["packed", "float", "int8", "missing"]


@dataclass(frozen=True)
class LayerAudit:
    """One kernel of the model.

    Args:
        layer: the layer's name, behind those of the models around it.
        kind: its Keras class, or in a graph its operation.
        intended: what its quantizers declare for inputs and kernel.
        became: "packed" for bits, "missing" where no operation of the file fits.
        operation: the file's operation, "" if missing.
        weights: number of weights.
        bytes: what the kernel takes in the file.
        expected_bytes: what it would take at the width that was declared; 1-bit kernels packed.
        reason: why it is not what was declared, "" if it is.
        fix: what to change.
    """

    layer: str
    kind: str
    intended: Intent
    became: Became
    operation: str
    weights: int
    bytes: int
    expected_bytes: int
    reason: str = ""
    fix: str = ""

    @property
    def is_as_intended(self) -> bool:
        """Whether it is packed if it was meant to be binary, and not float if it was meant to be of few bits."""
        if self.intended == "binary":
            return self.became == "packed"
        if self.intended == "few-bit":
            return self.became in ("packed", "int8")
        return not self.reason

    def to_dict(self) -> dict:
        return asdict(self)

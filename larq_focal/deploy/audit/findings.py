"""What an audit has to say besides its table."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """A fault, or something to know.

    Args:
        fault: a short name that stays the same.
        severity: "error" where the file computes something else than the model or cannot be loaded, "warning" where
            it may do so on some machine or input or is larger than need be, "note" for what is good to know.
        layer: the layer's name, "" for the whole network.
        message: what is the matter, in plain words.
        fix: what to change, "" where there is nothing.
    """

    fault: str
    severity: Severity
    layer: str
    message: str
    fix: str = ""

    def to_dict(self) -> dict:
        return asdict(self)


def constant_fix(shape: tuple[int, ...]) -> str:
    """What to do with a constant of several axes behind a binary convolution."""
    if math.prod(shape) == shape[-1]:
        return f"Reshape the constant to ({shape[-1]},)."
    return (
        "Use one value per output channel, in a constant of shape (C,), or put a layer such as MaxPooling2D(1) between "
        "the convolution and the constant."
    )

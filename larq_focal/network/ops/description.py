"""Values of an operation's fields as short text."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal.network.kernel import Kernel


def field_text(value: Any) -> str:
    """Numbers as they are; of arrays and kernels the type and the shape alone."""
    if isinstance(value, Kernel):
        return f"{value.bits}-bit{list(value.shape)}"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, tuple):
        return f"({', '.join(map(field_text, value))})"
    return f"{value:g}" if isinstance(value, float | np.floating | np.ndarray) else str(value)

"""Comparisons with numbers as signs: truth values are read as +1 and -1."""

from __future__ import annotations

from typing import Any

import numpy as np

MIRRORED = {"Greater": "Less", "GreaterEqual": "LessEqual", "Less": "Greater", "LessEqual": "GreaterEqual"}
"""Each comparison by what it is with its sides changed."""


def sign_fields(kind: str, threshold: Any, shape: tuple[int, ...]) -> dict[str, np.ndarray | None]:
    """Threshold and flip of the ``Binarize`` that compares a value with a number: for ``x > t`` with the next larger.

    Args:
        kind: of the comparison, a key of ``MIRRORED``.
        threshold: one number, or some that are broadcast to ``[1, *shape]``.
        shape: of the value.
    """
    threshold, is_below = np.asarray(threshold, np.float32), kind.startswith("Less")
    if not kind.endswith("Equal"):
        threshold = np.nextafter(threshold, np.float32(-np.inf if is_below else np.inf))
    if threshold.size == np.prod(threshold.shape[-1:]):  # one for all, or one per channel
        threshold = threshold.reshape(threshold.shape[-1:] if threshold.size > 1 else ())
    else:
        threshold = np.broadcast_to(threshold, (1, *shape))[0]
    return {"threshold": threshold, "flip": np.ones(shape[-1], bool) if is_below else None}

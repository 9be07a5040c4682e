"""The warning of a missing constraint, for those kernel quantizers only whom it concerns."""

from __future__ import annotations

import logging
from typing import Any

_log = logging.getLogger(__name__)
_without_constraint: set[type] = set()


def needs_no_constraint(quantizer: type) -> None:
    """Says of a class of kernel quantizers, its subclasses included, that it loses no weights beyond 1."""
    _without_constraint.add(quantizer)


def warn_of_missing_constraint(layer: str, kernel: str, quantizer: Any, constraint: Any) -> None:
    """Logs a warning where binary latent weights may leave the interval that has a gradient, and never come back."""
    is_binary = getattr(quantizer, "precision", None) == 1
    if is_binary and constraint is None and not isinstance(quantizer, tuple(_without_constraint)):
        _log.warning(
            "%s: weights beyond 1 get no gradient from a binary %s_quantizer and are lost to the training; set "
            "%s_constraint='weight_clip'.",
            layer,
            kernel,
            kernel,
        )

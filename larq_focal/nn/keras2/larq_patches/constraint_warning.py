"""Larq's warning of a missing ``kernel_constraint``, for those only whom it concerns.

Larq 0.14 warns of every binary kernel quantizer without one: weights beyond 1, where the gradient of its own quantizers
is 0, are lost. Others bring such weights back, or standardize them first.
"""

from __future__ import annotations

from typing import Any

from larq_focal.keras import larq

_larqs_is_binary = larq.layers_base._is_binary
_without_constraint: set[type] = set()


def needs_no_constraint(quantizer: type) -> None:
    """Says of a class of kernel quantizers, its subclasses included, that it loses no weights beyond 1."""
    _without_constraint.add(quantizer)


def wants_a_constraint(quantizer: Any) -> bool:
    """Whether Larq is to warn of a layer with this kernel quantizer and no ``kernel_constraint``."""
    return _larqs_is_binary(quantizer) and not isinstance(quantizer, tuple(_without_constraint))

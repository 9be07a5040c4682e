"""A warning of Larq 0.14, for those only whom it concerns.

Larq warns of every binary kernel quantizer without a ``kernel_constraint``: weights beyond 1, where the gradient of
its own quantizers is 0, are lost. Others bring such weights back, or standardize them first; the registry's rows tell.
"""

from __future__ import annotations

from typing import Any

from larq_focal.keras import larq
from larq_focal.quantizers.registry import QUANTIZERS

_HARMLESS = tuple(row.quantizer for row in QUANTIZERS if not row.needs_clip)
_is_binary = larq.layers_base._is_binary


def _wants_a_constraint(quantizer: Any) -> bool:
    return _is_binary(quantizer) and not isinstance(quantizer, _HARMLESS)


def quieten_needless_warnings() -> None:
    """Puts the question above in the place of Larq's, which only decides on the warning."""
    larq.layers_base._is_binary = _wants_a_constraint

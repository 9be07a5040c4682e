"""The sign that has no zero, in the form that the Larq Compute Engine's converter packs."""

from __future__ import annotations

from larq_focal.nn import Tensor, ops


def sign(x: Tensor) -> Tensor:
    """+1 where ``x >= 0``, else -1, in the type of ``x``; sign(0) = +1. It has no gradient.

    Written as a selection, because the converter turns any ``where(condition, 1, -1)`` into one packing operation, and
    folds a condition of the form ``x >= threshold`` into the operation before it (compute-engine,
    ``mlir/transforms/prepare_patterns_common.td`` and ``optimize_patterns_common.td``).
    """
    one = ops.ones((), x.dtype)
    return ops.where(x >= 0, one, -one)

"""Kernels of layers in the order in which TensorFlow Lite's operators have them."""

from __future__ import annotations

import numpy as np

from larq_focal.network import ops


def arranged(op: ops.Linear, values: np.ndarray) -> np.ndarray:
    """The weights ``values`` of ``op`` as its operator has them.

    ``[out, kh, kw, in]``, for a depthwise convolution ``[1, kh, kw, out]``, for a dense layer ``[out, in]``.
    """
    return np.moveaxis(values, 2 if _is_depthwise(op) else -1, 0)


def channel_axis(op: ops.Linear) -> int:
    """The axis of the output channels there."""
    return 3 if _is_depthwise(op) else 0


def _is_depthwise(op: ops.Linear) -> bool:
    return isinstance(op, ops.Conv2D) and op.is_depthwise

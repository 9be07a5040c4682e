"""8-bit integers: their grids, weights and biases in them, and which operations TensorFlow Lite computes in them.

Source: LiteRT's specification of 8-bit quantization, https://ai.google.dev/edge/litert/models/quantization_spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from larq_focal.network import ops
from larq_focal.network.kernel import Kernel

_LARGEST_WEIGHT = 127
"""Weights of -128 are not allowed."""
Grids = Mapping[str, ops.UniformQuantize]
"""By the name of a value, what its integers stand for."""
_LARGEST_BIAS = 2**30
"""In steps of the sums, which must fit into 32 bits together with it."""
WEIGHT_BITS = 8
_SAME_STEP = 1e-4
"""Of a step: less than what the bias of a network that was trained in floats means."""


class Grid(NamedTuple):
    """What signed 8-bit integers stand for: ``(q - zero_point) * scale``."""

    scale: float
    zero_point: int

    @classmethod
    def over(cls, low: float, high: float) -> Grid:
        """The finest that holds the numbers from ``low`` to ``high`` and 0, which it holds exactly."""
        low, high = min(float(low), 0.0), max(float(high), 0.0)
        scale = max((high - low) / 255, float(np.finfo(np.float32).tiny))
        return cls(float(np.float32(scale)), int(np.clip(round(-128 - low / scale), -128, 127)))


def quantized_kernel(kernel: Kernel, input_scale: float, bias: np.ndarray) -> Kernel:
    """Weights as integers from -127 to 127 with a scale for each output channel.

    Weights that are such integers already (binary and ternary ones, say) stay as they are. A scale is coarser where the
    bias would not fit into 32 bits otherwise.

    Args:
        input_scale: of the layer's input.
        bias: of the layer, ``[C]``.
    """
    values = kernel.values()
    largest = np.abs(values).reshape(-1, values.shape[-1]).max(0, initial=0).astype(np.float64)
    needed = np.maximum(np.abs(bias) / (input_scale * _LARGEST_BIAS), np.finfo(np.float32).tiny)
    is_exact = kernel.scale is not None and np.abs(kernel.codes).max(initial=0) <= _LARGEST_WEIGHT
    given = np.abs(kernel.scale).astype(np.float64) if is_exact else largest / _LARGEST_WEIGHT
    scale = np.where(given > 0, np.maximum(given, needed), np.maximum(1.0, needed)).astype(np.float32)
    codes = np.clip(np.rint(values / scale), -_LARGEST_WEIGHT, _LARGEST_WEIGHT).astype(np.int8)
    return Kernel(codes, scale, kernel.bits if is_exact else WEIGHT_BITS, len(scale))


def quantized_bias(bias: np.ndarray, input_scale: float, kernel: Kernel) -> np.ndarray:
    """The bias in whole steps of the sums, as float32 ``[C]``."""
    steps = np.float64(input_scale) * kernel.scale
    return (np.rint(bias / steps) * steps).astype(np.float32)


def bias_for_signs(bias: np.ndarray, input_scale: float, kernel: Kernel, output_scale: float) -> np.ndarray:
    """The bias lowered by half a step of the output, so that what is below 0 rounds to something below 0.

    A sum of ``n`` steps counts as positive from ``n >= -bias`` on, and rounds to 0 or more from half an output step
    below 0 on: so the first such n goes just above that, and the one before it just below.

    Returns:
        float32 ``[C]``, in whole steps of the sums.
    """
    steps = np.float64(input_scale) * kernel.scale
    first = np.ceil(-bias / steps - _SAME_STEP)
    return ((np.floor(-0.5 * output_scale / steps) + 1 - first) * steps).astype(np.float32)


def moved_grid(op: ops.Op, grids: Grids) -> ops.UniformQuantize | None:
    """The grid of the value of an operation that only moves or selects integers of one grid; None for all others."""
    if not op.moves_elements:
        return None
    operands = [grids.get(name) for name in op.inputs]
    first = operands[0]
    if first is None or not first.signed or not all(is_same_grid(first, grid) for grid in operands):
        return None
    return first if not isinstance(op, ops.Pad) or _is_on(op.value, first) else None


def computes_integers(op: ops.Op, grids: Grids, result: ops.UniformQuantize) -> bool:
    """Whether there is an operator that computes ``op`` from integers on ``grids`` and rounds it to ``result``."""
    if isinstance(op, ops.Input):
        return op.has_grid or (op.takes_bytes and not result.signed and (result.scale, result.zero_point) == (1, 0))
    operands = [grids.get(name) for name in op.inputs]
    if not all(grid is not None and grid.signed for grid in operands) or not result.signed:
        return False
    match op:
        case ops.Linear():
            return takes_integers(op) and op.kernel.scale is not None and _fits(op)
        case ops.Add() | ops.Multiply():
            return len(operands) == 2
        case ops.Pool2D():
            return op.kind == "average" and is_same_grid(operands[0], result)
        case ops.GlobalPool():
            return op.kind == "average"
        case ops.Activation():
            return op.kind == "leaky_relu" or (op.kind == "relu" and is_same_grid(operands[0], result))
    return False


def takes_integers(op: ops.Linear) -> bool:
    """Whether a layer has an operator of int8, whatever its weights."""
    if isinstance(op, ops.Conv2D):
        return op.pad_value == 0 and (op.groups == 1 or op.is_depthwise)
    return True


def is_same_grid(first: ops.UniformQuantize, second: ops.UniformQuantize | None) -> bool:
    def parts(grid: ops.UniformQuantize) -> tuple:
        return np.float32(grid.scale), grid.zero_point, grid.signed

    return second is not None and parts(first) == parts(second)


def _fits(op: ops.Linear) -> bool:
    return bool(np.abs(op.kernel.codes).max(initial=0) <= _LARGEST_WEIGHT and (op.kernel.scale > 0).all())


def _is_on(value: float, grid: ops.UniformQuantize) -> bool:
    """Whether a number is exactly on a grid."""
    code = round(value / grid.scale)
    return -128 <= code + grid.zero_point <= 127 and np.float32(code) * np.float32(grid.scale) == np.float32(value)

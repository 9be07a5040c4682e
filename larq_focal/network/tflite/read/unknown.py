"""What an operator of a TensorFlow Lite file that is not understood stores and multiplies."""

from __future__ import annotations

import numpy as np

from larq_focal.network.kernel import FLOAT_BITS, Kernel
from larq_focal.network.tflite.flat_model import Operator, Tensor

_PRODUCTS = ("MATMUL", "FULLY_CONNECTED", "CONV", "LSTM", "RNN", "SVDF")
"""Parts of the names of operators that multiply and accumulate."""
_OTHER_GRAPHS = ("CALL", "CALL_ONCE", "IF", "WHILE", "CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES")
"""Operators that do what stands elsewhere."""


def unknown_weights(operator: Operator) -> tuple[Kernel, ...] | None:
    """The constant operands that are numbers and not sizes or axes; None where one is in a form of its own."""
    operands = [tensor for tensor in operator.inputs if tensor is not None and tensor.is_constant]
    if operator.is_custom or any(tensor.data.shape != tensor.shape for tensor in operands):
        return None
    return tuple(_stored(tensor) for tensor in operands if _is_number(tensor))


def _is_number(tensor: Tensor) -> bool:
    return tensor.data.size > 0 and (tensor.data.dtype.kind == "f" or tensor.quantization is not None)


def _stored(tensor: Tensor) -> Kernel:
    rows = tensor.data.reshape(-1, tensor.shape[-1] if tensor.shape else 1)
    if tensor.data.dtype.kind == "f":
        return Kernel(rows.astype(np.float32), None, FLOAT_BITS)
    scales = len(tensor.quantization.scale)
    ones = np.ones(rows.shape[-1], np.float32)
    return Kernel(rows, ones, 8 * tensor.data.itemsize, scales if scales == len(ones) else 1)


def unknown_macs(operator: Operator) -> tuple[tuple[int, int, int], ...] | None:
    """As ``Unknown.macs_by_bits``: none of an operator that only moves or maps elements, else not known."""
    is_product = any(part in operator.kind for part in _PRODUCTS)
    is_elsewhere = operator.is_custom or operator.kind in _OTHER_GRAPHS or operator.kind.startswith("STABLEHLO")
    return None if is_product or is_elsewhere or operator.kind.startswith("BUILTIN_") else ()

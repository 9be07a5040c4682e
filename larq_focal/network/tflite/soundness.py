"""What interpreters take for granted in a TensorFlow Lite file and do not look at: where it is wrong, they crash."""

from __future__ import annotations

import numpy as np

from larq_focal.network.tflite.few_bit_soundness import check_few_bits
from larq_focal.network.tflite.flat_model import NUMPY_TYPES, FlatbufferError, FlatModel, Operator, Tensor
from larq_focal.network.tflite.lce_soundness import check_binary
from larq_focal.network.tflite.operand_counts import OPERANDS

_LARGEST_BYTES = 1 << 32
"""Of one tensor. Files that were converted for a device have none that comes near."""
_LARGEST_RATIO = 2.0**18
"""Of the scales of operand and result in a sum of integers: fixed-point factors have 20 bits before the point."""
_MOST_AXES = 8
_AXES_GIVEN = ("BROADCAST_TO", "MIRROR_PAD", "PAD", "PADV2", "RESHAPE", "SLICE", "STRIDED_SLICE", "TILE", "TRANSPOSE")
"""Operators of which a constant has an entry for each axis."""
_NOT_NUMBERS = ("resource", "variant")
_SUMS = ("ADD", "SUB")
_ROUNDED = ("int8", "uint8")
_RESCALED = frozenset(
    {
        *("ADD", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "DIV", "ELU"),
        *("EXP", "FULLY_CONNECTED", "GELU", "HARD_SWISH", "L2_NORMALIZATION", "LEAKY_RELU", "LOGISTIC"),
        *("LOG_SOFTMAX", "MEAN", "MUL", "PRELU", "QUANTIZE", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1"),
        *("RSQRT", "SOFTMAX", "SQUARED_DIFFERENCE", "SUB", "SUM", "TANH", "TRANSPOSE_CONV"),
    }
)
"""Operators that compute with the scales of 8-bit numbers."""


def check_sound(model: FlatModel) -> None:
    """Raises FlatbufferError where an operator lacks an operand, a scale or a result that an interpreter relies on."""
    for tensor in model.tensors:
        _check_size(model, tensor)
    known = {tensor.index for tensor in model.inputs}
    known |= {tensor.index for tensor in model.tensors if tensor.is_constant or tensor.is_variable}
    for operator in model.operators:
        try:
            _check_operands(operator)
            _check_axes(operator)
            _check_results(operator)
            _check_scales(operator)
            check_binary(operator)
            check_few_bits(operator)
        except FlatbufferError as error:
            raise _located(model, operator, str(error)) from None
        for tensor in operator.inputs:
            if tensor is not None and tensor.index not in known and 0 not in tensor.shape:
                raise _located(model, operator, f"reads the tensor '{tensor.name}', which nothing before it produces")
        for tensor in operator.outputs:
            if tensor.index in known:
                raise _located(model, operator, f"writes the tensor '{tensor.name}', which has a value already")
        known |= {tensor.index for tensor in operator.outputs}


def _located(model: FlatModel, operator: Operator, fault: str) -> FlatbufferError:
    return FlatbufferError(f"'{model.name}' is damaged: operator {operator.index} ({operator.kind}) {fault}.")


def _check_size(model: FlatModel, tensor: Tensor) -> None:
    item = np.dtype(tensor.dtype).itemsize if tensor.dtype in NUMPY_TYPES else 1
    if np.prod(tensor.shape, dtype=float) * item > _LARGEST_BYTES:
        raise FlatbufferError(
            f"The tensor '{tensor.name}' of '{model.name}' has the shape {list(tensor.shape)}, which is more than "
            f"{_LARGEST_BYTES >> 30} GiB: the file is damaged, or not for a device."
        )
    if len(tensor.shape) > _MOST_AXES:
        raise FlatbufferError(
            f"The tensor '{tensor.name}' of '{model.name}' has {len(tensor.shape)} axes, and there are {_MOST_AXES} at "
            "most: the file is damaged."
        )


def _check_operands(operator: Operator) -> None:
    rule, count = OPERANDS.get(operator.kind), len(operator.inputs)
    if rule is None:
        return
    if count < rule.least or (rule.most is not None and count > rule.most):
        raise FlatbufferError(f"has {count} operands in place of {rule}")
    for place, tensor in enumerate(operator.inputs):
        if tensor is None and place not in rule.optional:
            raise FlatbufferError(f"lacks its operand {place}")


def _check_axes(operator: Operator) -> None:
    for tensor in (*operator.inputs, *operator.outputs):
        if tensor is not None and operator.kind in OPERANDS and tensor.dtype in _NOT_NUMBERS:
            raise FlatbufferError(f"computes with '{tensor.name}', which is a {tensor.dtype}")
    for place, tensor in enumerate(operator.inputs):
        if tensor is None:
            continue
        if (
            place > 0
            and operator.kind in _AXES_GIVEN
            and tensor.is_constant
            and max(tensor.shape, default=0) > _MOST_AXES
        ):
            raise FlatbufferError(
                f"is given {max(tensor.shape)} axes in '{tensor.name}', and there are {_MOST_AXES} at most"
            )
    if operator.kind == "TRANSPOSE" and operator.inputs[1].is_constant:
        order = operator.inputs[1].data.ravel().tolist()
        if sorted(axis % len(order) for axis in order) != list(range(len(order))):
            raise FlatbufferError(f"puts axes in the order {order}")
    if operator.kind == "PAD" and operator.inputs[1].is_constant and operator.inputs[1].data.min(initial=0) < 0:
        raise FlatbufferError("pads by less than nothing")
    if operator.kind == "STRIDED_SLICE" and operator.options.get("offset") and operator.options.get("endMask"):
        raise FlatbufferError("counts its end from its begin, and leaves the end open too")


def _check_results(operator: Operator) -> None:
    count = len(operator.outputs)
    if count == 0 and operator.kind in OPERANDS:
        raise FlatbufferError("has no result")
    stated = {"SPLIT": "numSplits", "SPLIT_V": "numSplits", "UNPACK": "num"}.get(operator.kind)
    if stated is not None and operator.options.get(stated) != count:
        raise FlatbufferError(f"has {count} results, but gives {operator.options.get(stated)}")
    if len({tensor.index for tensor in operator.outputs}) < count:
        raise FlatbufferError("writes one tensor twice")


def _check_scales(operator: Operator) -> None:
    tensors = [tensor for tensor in (*operator.inputs, *operator.outputs) if tensor is not None]
    for tensor in tensors:
        if tensor.quantization is None:
            if tensor.dtype in _ROUNDED and operator.kind in _RESCALED:
                raise FlatbufferError(f"computes with '{tensor.name}', whose {tensor.dtype} numbers have no scale")
        elif tensor.dtype in _ROUNDED:
            limits, zero_point = np.iinfo(tensor.dtype), tensor.quantization.zero_point
            if zero_point.min() < limits.min or zero_point.max() > limits.max:
                raise FlatbufferError(f"computes with '{tensor.name}', whose zero point is not of its type")
            if not tensor.is_constant and tensor.quantization.scale.min() <= 0:
                raise FlatbufferError(f"computes with '{tensor.name}', whose scale is not positive")
    if operator.kind in _SUMS and all(tensor.quantization is not None for tensor in tensors):
        *scales, result = (float(tensor.quantization.scale[0]) for tensor in tensors)
        if min(scales) <= 0 or max(scales) > _LARGEST_RATIO * result:
            raise FlatbufferError(f"adds numbers of the scales {scales} to one of {result:g}, which overflows")

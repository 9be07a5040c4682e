"""Faults of Larq Compute Engine that can be seen in a converted file, and what to know about its kernels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from larq_focal.deploy.audit.converted import BINARY_CONVOLUTION, groups_of, producers_of
from larq_focal.deploy.audit.findings import Finding, constant_fix
from larq_focal.network.packing import WORD_BITS
from larq_focal.network.tflite.flatbuffer import FlatModel, Operator, Tensor

_INDIRECT_LIMIT = 2**16 - 1
_ARM_PACKING_RUN = 128
_HANDS_ON = (
    *("RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS", "CONCATENATION", "PAD", "PADV2", "SLICE", "STRIDED_SLICE"),
    *("MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "RELU", "RELU6", "RELU_N1_TO_1"),
)
_NEVER_NEGATIVE = ("RELU", "RELU6", "ABS", "LOGISTIC", "SOFTMAX", "SQUARE")


def file_faults(model: FlatModel) -> list[Finding]:
    """What the operators of a file tell without the model that it was converted from.

    Findings name the tensor that the operator produces.
    """
    producers = producers_of(model)
    return [
        finding
        for operator in model.operators
        for finding in (
            *_constant_shape(operator),
            *_grouped(operator),
            *_slow_indirect(operator),
            *_negative_zero(operator, producers),
        )
    ]


def _constant_shape(operator: Operator) -> Iterator[Finding]:
    if operator.kind != BINARY_CONVOLUTION:
        return
    for tensor, what in zip(operator.inputs[2:4], ("multiplier", "bias"), strict=True):
        if tensor is not None and len(tensor.shape) != 1:
            yield Finding(
                "constant-shape",
                "error",
                operator.outputs[0].name,
                f"The {what} fused into this binary convolution has the shape {tensor.shape}, and only one axis is "
                "allowed: the file does not load.",
                constant_fix(tensor.shape),
            )


def _grouped(operator: Operator) -> Iterator[Finding]:
    if operator.kind == BINARY_CONVOLUTION and (groups := groups_of(operator)) > 1:
        yield Finding(
            "grouped-convolution",
            "note",
            operator.outputs[0].name,
            f"A binary convolution in {groups} groups: Larq Compute Engine's default kernel refuses to load it.",
            "Run it with larq_focal.Runtime, which uses the indirect kernel, or with `use_indirect_bgemm`.",
        )


def _slow_indirect(operator: Operator) -> Iterator[Finding]:
    """The overflow test of ``core/indirect_bgemm/select_kernel.h`` looks at the input's size, not at the fan-in."""
    if operator.kind != BINARY_CONVOLUTION:
        return
    size = WORD_BITS * int(np.prod(operator.inputs[0].shape)) // groups_of(operator)
    if size > _INDIRECT_LIMIT:
        yield Finding(
            "slow-indirect-kernel",
            "note",
            operator.outputs[0].name,
            f"The input has more than {_INDIRECT_LIMIT:,} values: the indirect kernel takes its portable form on ARM, "
            "not the fast one (concluded from the source of Larq Compute Engine 0.16).",
            "On ARM, run it with larq_focal's delegate, which has no such limit.",
        )


def _negative_zero(operator: Operator, producers: dict[int, Operator]) -> Iterator[Finding]:
    if operator.kind != "LceQuantize" or np.prod(operator.inputs[0].shape) < _ARM_PACKING_RUN:
        return
    if _may_be_negative_zero(operator.inputs[0], producers):
        yield Finding(
            "negative-zero",
            "warning",
            operator.outputs[0].name,
            "The values that are binarized here may be -0.0, which becomes +1 in Keras and on x86, but -1 in the ARM "
            "kernel, which looks at the sign bit.",
            "Add a bias before the quantizer, or compare with a threshold that is not 0.",
        )


def _may_be_negative_zero(tensor: Tensor, producers: dict[int, Operator]) -> bool:
    operator = producers.get(tensor.index)
    if operator is None:
        return (
            tensor.is_constant
            and tensor.dtype == "float32"
            and bool(np.any((tensor.data == 0) & np.signbit(tensor.data)))
        )
    operands = [operand for operand in operator.inputs if operand is not None]
    if operator.kind == "NEG":
        return not _is_never_zero(operands[0])
    if operator.kind in _HANDS_ON:
        return _may_be_negative_zero(operands[0], producers)
    if operator.kind in ("ADD", "SUB"):  # -0 + -0 and -0 - +0 are the only sums that are -0
        return all(
            _may_be_negative_zero(operand, producers) for operand in operands[: 2 if operator.kind == "ADD" else 1]
        )
    if operator.kind in ("MUL", "DIV"):
        a, b = operands
        return (
            _may_be_negative_zero(a, producers)
            or (not _is_never_zero(a) and _may_be_negative(b, producers))
            or (operator.kind == "MUL" and not _is_never_zero(b) and _may_be_negative(a, producers))
        )
    if operator.kind == "PRELU":
        return bool(np.any(operands[1].data == 0)) if operands[1].is_constant else True
    return False


def _is_never_zero(tensor: Tensor) -> bool:
    return tensor.is_constant and bool(np.all(tensor.data != 0))


def _may_be_negative(tensor: Tensor, producers: dict[int, Operator]) -> bool:
    if tensor.is_constant:
        return bool(np.any(tensor.data < 0))
    operator = producers.get(tensor.index)
    return operator is None or operator.kind not in _NEVER_NEGATIVE

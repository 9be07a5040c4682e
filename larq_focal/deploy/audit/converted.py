"""The layers of a TensorFlow Lite file: its operations that multiply by a kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from larq_focal.deploy.audit.layer_audit import Became
from larq_focal.network.few_bits import DEPTHWISE, FEW_BIT_KINDS, stored_weights
from larq_focal.network.packing import unpack_bits, words_for
from larq_focal.network.tflite.flatbuffer import FlatModel, Operator, Tensor

BINARY_CONVOLUTION = "LceBconv2d"
_OUT_AXIS = {
    BINARY_CONVOLUTION: 0,
    **dict.fromkeys(FEW_BIT_KINDS, 0),
    DEPTHWISE: -1,
    "CONV_2D": 0,
    "DEPTHWISE_CONV_2D": -1,
    "FULLY_CONNECTED": 0,
    "TRANSPOSE_CONV": 0,
    "CONV_3D": -1,
    "BATCH_MATMUL": -1,
}
"""The operations that have a kernel, always as operand 1, and the axis of its output channels."""


@dataclass(frozen=True, eq=False)
class ConvertedLayer:
    """One operation with a kernel.

    Args:
        operator: as the file has it.
        shape: ``(out, fan_in)`` of the kernel.
        kernel: its values ``[out, fan_in]`` up to a factor per output channel; None if the file computes them.
        stored: the constant tensors that hold it, or that it is computed from.
    """

    operator: Operator
    shape: tuple[int, int]
    kernel: np.ndarray | None
    stored: tuple[Tensor, ...]

    @property
    def became(self) -> Became:
        if self.operator.kind in (BINARY_CONVOLUTION, *FEW_BIT_KINDS):
            return "packed"
        return "int8" if self.operator.inputs[1].dtype in ("int8", "uint8", "int4") else "float"

    @property
    def buffers(self) -> dict[int, int]:
        """Bytes of the stored tensors by where in memory they lie, so that shared ones are seen as one."""
        return {tensor.data.__array_interface__["data"][0]: tensor.nbytes for tensor in self.stored}


def converted_layers(model: FlatModel) -> list[ConvertedLayer]:
    """The operations with a kernel, in the order of execution."""
    producers = producers_of(model)
    return [_read(operator, producers) for operator in model.operators if _has_kernel(operator, producers)]


def producers_of(model: FlatModel) -> dict[int, Operator]:
    """The operator that computes each tensor, by the tensor's index."""
    return {tensor.index: operator for operator in model.operators for tensor in operator.outputs}


def groups_of(operator: Operator) -> int:
    """Groups of a binary convolution: its kernel has fewer words than its input."""
    return words_for(operator.options["channels_in"]) // operator.inputs[1].shape[-1]


def _has_kernel(operator: Operator, producers: dict[int, Operator]) -> bool:
    """Products of two activations have none."""
    return operator.kind in _OUT_AXIS and bool(_constant_sources(operator.inputs[1], producers))


def _read(operator: Operator, producers: dict[int, Operator]) -> ConvertedLayer:
    tensor = operator.inputs[1]
    stored = _constant_sources(tensor, producers)
    if not tensor.is_constant:
        return ConvertedLayer(operator, _as_matrix(operator, np.broadcast_to(0, tensor.shape)).shape, None, stored)
    kernel = _as_matrix(operator, _values(operator))
    return ConvertedLayer(operator, kernel.shape, kernel, stored)


def _constant_sources(tensor: Tensor, producers: dict[int, Operator]) -> tuple[Tensor, ...]:
    """The constants that ``tensor`` is computed from; none if it depends on the model's inputs."""
    if tensor.is_constant:
        return (tensor,)
    operator = producers.get(tensor.index)
    if operator is None:
        return ()
    sources = [_constant_sources(operand, producers) for operand in operator.inputs if operand is not None]
    return tuple(source for found in sources for source in found) if all(sources) else ()


def _values(operator: Operator) -> np.ndarray:
    """Up to a scale per output channel, as the file has the weights."""
    if operator.kind == BINARY_CONVOLUTION:
        return _signs(operator)
    if operator.kind in FEW_BIT_KINDS:
        return stored_weights(operator.inputs[1].data, operator.options).astype(np.float32)
    return _real(operator.inputs[1])


def _signs(operator: Operator) -> np.ndarray:
    channels = operator.options["channels_in"] // groups_of(operator)
    return unpack_bits(operator.inputs[1].data, channels).astype(np.float32)


def _real(tensor: Tensor) -> np.ndarray:
    """Values up to a scale per output channel, which is how finely TensorFlow Lite scales kernels."""
    if tensor.quantization is None:
        return tensor.data.astype(np.float32)
    shape = [1] * len(tensor.shape)
    shape[tensor.quantization.axis] = -1
    return tensor.data.astype(np.float32) - tensor.quantization.zero_point.astype(np.float32).reshape(shape)


def _as_matrix(operator: Operator, values: np.ndarray) -> np.ndarray:
    axis = _OUT_AXIS[operator.kind]
    if operator.kind == "BATCH_MATMUL" and operator.options.get("adjY"):
        axis = -2
    values = np.moveaxis(values, axis, 0)
    return values.reshape(len(values), -1)

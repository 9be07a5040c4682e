"""One operator of a TensorFlow Lite file while it is being read: its operands, its options, what is made of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal.network import ops
from larq_focal.network.builder import GraphBuilder
from larq_focal.network.graph import NotUnderstood
from larq_focal.network.tflite.flatbuffer import Operator, Tensor
from larq_focal.network.tflite.read.constants import per_channel
from larq_focal.network.tflite.read.functions import fused_activation
from larq_focal.network.tflite.read.tensor_values import TensorValues

PADDINGS: dict[int, ops.Padding] = {0: "same", 1: "valid"}
ACTIVATIONS = {1: "relu", 2: "relu_n1_to_1", 3: "relu6", 4: "tanh"}
"""Fused activations by their number in the schema."""


class Call:
    """What the reader of one operator sees: real values in, operations out."""

    def __init__(self, builder: GraphBuilder, tensors: TensorValues, operator: Operator):
        self.builder = builder
        self.tensors = tensors
        self.operator = operator
        self.options: dict[str, Any] = operator.options
        self.output: Tensor = operator.outputs[0]
        self._has_emitted = False

    @property
    def shape(self) -> ops.Shape:
        """Shape of the (first) output tensor without the batch axis."""
        return self.output.shape[1:]

    def has_input(self, index: int) -> bool:
        return index < len(self.operator.inputs) and self.operator.inputs[index] is not None

    def input(self, index: int) -> str:
        """The value that an operand holds."""
        return self.tensors.name_of(self.operator.inputs[index])

    def input_shape(self, index: int) -> ops.Shape:
        return self.builder.shape(self.input(index))

    def aligned_inputs(self) -> tuple[str, ...]:
        """All operands, with as many axes as the output: a file for batches of one may leave axes of size one out."""
        aligned = []
        for tensor in self.operator.inputs:
            value = self.tensors.name_of(tensor)
            shape = self.builder.shape(value)
            if len(shape) < len(self.shape):
                shape = (1,) * (len(self.shape) - len(shape)) + shape
                value = self.emit(ops.Reshape, value, shape=shape, name=f"{self.output.name}/reshape")
            aligned.append(value)
        return tuple(aligned)

    def maybe_constant(self, index: int) -> np.ndarray | None:
        """The real values of an operand, None if it is not constant."""
        return self.tensors.constant(self.operator.inputs[index])

    def constant(self, index: int) -> np.ndarray:
        """The real values of an operand that has to be constant."""
        values = self.maybe_constant(index)
        if values is None:
            raise NotUnderstood(f"whose operand {index} is not constant")
        return values

    def emit(self, cls: type[ops.Op], *inputs: str, shape: ops.Shape | None = None, name: str = "", **fields) -> str:
        """Appends an operation and returns its name.

        Args:
            inputs: the values it reads; the first operand if none is given.
            shape: of the value without the batch axis; that of the output tensor if left out.
            name: the output tensor's by default, with a suffix from the second operation on.
        """
        if not name:
            name = self.output.name
            if self._has_emitted:
                name += "/" + str(fields.get("kind", cls.__name__)).lower()
        self._has_emitted = True
        shape = self.shape if shape is None else shape
        inputs = inputs or (self.input(0),)
        return self.builder.add(cls, name, inputs=inputs, shape=shape, origin=self.output.name, **fields)

    def affine(self, value: str, *, mean=0.0, scale=1.0, bias=0.0, shape: ops.Shape | None = None) -> str:
        """``(value - mean) * scale + bias``, in one operation with a shift or factor that comes before."""
        shape = self.shape if shape is None else shape
        given = {"mean": mean, "scale": scale, "bias": bias}
        stored = tuple(name for name, constant in given.items() if np.ndim(constant) > 0)
        mean, scale, bias = (per_channel(constant, shape) for constant in given.values())
        before = self.builder[value]
        if isinstance(before, ops.Affine) and before.shape == shape and not mean.any() and not before.bias.any():
            earlier, source = set(before.stored) - {"bias"}, before.inputs[0]
            if np.all(scale == 1):  # (x - m) * s, then + b
                both = earlier | (set(stored) & {"bias"})
                return self._affine(source, before.mean, before.scale, bias, shape, both)
            if np.all(before.scale == 1):  # x - m, then * s + b
                return self._affine(source, before.mean, scale, bias, shape, (earlier & {"mean"}) | set(stored))
        if np.all(scale == 1) and not mean.any() and not bias.any() and before.shape == shape:
            return value
        return self._affine(value, mean, scale, bias, shape, set(stored))

    def _affine(self, value: str, mean, scale, bias, shape: ops.Shape, stored: set[str]) -> str:
        mean, scale, bias = np.broadcast_arrays(mean, scale, bias)
        names = tuple(name for name in ("mean", "scale", "bias") if name in stored)
        return self.emit(ops.Affine, value, shape=shape, mean=mean, scale=scale, bias=bias, stored=names)

    def activated(self, value: str) -> str:
        """``value`` after the fused activation."""
        return self.activation(value, fused_activation(self.operator))

    def activation(self, value: str, number: int) -> str:
        """``value`` after the activation with this number in the schema; 0 is none."""
        if not number:
            return value
        if number not in ACTIVATIONS:
            raise NotUnderstood(f"with the fused activation {number}")
        return self.emit(ops.Activation, value, shape=self.builder.shape(value), kind=ACTIVATIONS[number])

"""What the writers of single operations see: tensors by the name of their value, and a file to add to."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal.network import ops
from larq_focal.network.arranged_weights import arranged, channel_axis
from larq_focal.network.graph import QuantGraph
from larq_focal.network.packing import words_for
from larq_focal.network.tflite.flat_model import FlatModel, Quantization, Tensor
from larq_focal.network.tflite.write.file import FlatFile
from larq_focal.network.tflite.write.plan import FUSED_ACTIVATIONS, Plan

INTEGER_VERSIONS = {
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "CONCATENATION": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 12,
    "LEAKY_RELU": 2,
    "MAX_POOL_2D": 2,
    "MEAN": 2,
    "MUL": 2,
    "PAD": 2,
    "PADV2": 2,
    "REDUCE_MAX": 2,
    "RELU": 2,
    "RELU6": 2,
    "SLICE": 2,
    "STRIDED_SLICE": 2,
}
"""The version of each operator that takes int8; dense layers with a scale for each output channel.

Source: tensorflow/tensorflow, ``lite/tools/versioning/op_version.cc``.
"""


class Emitter:
    """Adds operators to a file while the operations of ``graph`` pass by in their order.

    A value may be in a float tensor, in one of packed bits or in one of int8, or in several: a float tensor and one of
    bits are made when they are asked for. Shapes leave the batch axis out.

    Attributes:
        grid: what the integers of the operation that is being written stand for; None where it computes floats. What
            operations have as operands and results follows from it.
    """

    def __init__(self, graph: QuantGraph, plan: Plan, batch_size: int):
        self.graph = graph
        self.plan = plan
        self.batch_size = batch_size
        self.file = FlatFile()
        self.inputs: dict[str, int] = {}
        self._values: dict[str, int] = {}
        self._packed: dict[str, int] = {}
        self._integers: dict[str, int] = {}
        self.carried: dict[tuple, tuple[FlatModel, list[int]]] = {}
        self._carried: dict[str, tuple[int, Tensor]] = {}
        self.grid: ops.UniformQuantize | None = None
        self._name = ""
        self._parts = 0

    def begin(self, op: ops.Op) -> None:
        """Names what follows after ``op``."""
        self._name, self._parts = op.name, 0
        self.grid = self.plan.grid_of(op)

    def value(self, name: str) -> int:
        """The tensor of an operand: int8 where the operation that is being written computes in it, else float."""
        return self.float_value(name) if self.grid is None else self.integers(name)

    def float_value(self, name: str) -> int:
        """The float tensor of a value."""
        if name in self._carried and name not in self._values:
            self._values[name] = self._as_floats(name, *self._carried[name])
        if name not in self._values:
            tensor = self._values[name] = self.tensor(f"{name}/dequantize", self.graph[name].shape)
            if name in self._packed:
                self.file.custom("LceDequantize", [self._packed[name]], [tensor])
            else:
                self.file.builtin("DEQUANTIZE", [self._integers[name]], [tensor], "DequantizeOptions", version=2)
        return self._values[name]

    def _as_floats(self, name: str, tensor: int, described: Tensor) -> int:
        """What the tensor of a carried operator stands for, in a float tensor."""
        grid, self.grid, shape = self.grid, None, described.shape[1:]
        if described.dtype == "bool":
            result = self.add("SELECT_V2", tensor, self.constant(1), self.constant(-1), shape=shape)
        elif described.quantization is None:
            result = self.add("CAST", tensor, shape=shape)
        else:
            result = self.tensor(f"{name}/dequantize", shape)
            self.file.builtin("DEQUANTIZE", [tensor], [result], "DequantizeOptions", version=2)
        self.grid = grid
        return result

    def carried_tensor(self, name: str, wanted: Tensor) -> int | None:
        """The tensor of a value that is of the type and scale of ``wanted``; None where it has none."""
        if name in self._carried and self._carried[name][1].has_type_of(wanted):
            return self._carried[name][0]
        grid = self.plan.codes.get(name)
        if grid is None or wanted.quantization is None or wanted.dtype != ("int8" if grid.signed else "uint8"):
            return None
        scale, zero_point = wanted.quantization.scale[0], wanted.quantization.zero_point[0]
        return self._integers[name] if (np.float32(grid.scale), grid.zero_point) == (scale, zero_point) else None

    def finish_carried(self, op: ops.Unknown, tensor: int, described: Tensor) -> None:
        """Makes ``tensor``, which a carried operator gave, the value of ``op``."""
        if described.dtype == "float32":
            self._values[op.name] = tensor
        else:
            self._carried[op.name] = tensor, described
        self.file.rename(tensor, op.name)

    def integers(self, name: str) -> int:
        """The tensor of the integers of a value that has some."""
        return self._integers[name]

    def packed(self, name: str) -> int:
        """The tensor of packed bits of a value of plus and minus one."""
        if name not in self._packed:
            self._packed[name] = self.quantize(self._values[name], f"{name}/quantize", self.graph[name].shape)
        return self._packed[name]

    def constant(self, values: Any, dtype: type = np.float32) -> int:
        return self.file.constant(np.asarray(values, dtype))

    def number(self, value: float) -> int:
        """A number that is combined with the operand: float, or on the grid of the integers."""
        if self.grid is None:
            return self.constant(value)
        code = np.int8(round(value / self.grid.scale) + self.grid.zero_point)
        parameters = Quantization(np.array([self.grid.scale]), np.array([self.grid.zero_point]))
        return self.file.constant(code, parameters)

    def weights(self, op: ops.Linear) -> int:
        """The kernel of a layer: floats, or int8 with a scale for each output channel."""
        kernel = op.kernel
        if self.grid is None:
            return self.constant(arranged(op, kernel.values()))
        scales = Quantization(kernel.scale, np.zeros(len(kernel.scale)), channel_axis(op))
        return self.file.constant(arranged(op, kernel.codes).astype(np.int8), scales)

    def bias(self, op: ops.Linear) -> int:
        """The bias of a layer: floats, or int32 in steps of the product of the scales of input and kernel."""
        bias = np.zeros(op.shape[-1]) if op.bias is None else op.bias
        if self.grid is None:
            return self.constant(bias)
        steps = np.float64(self.plan.codes[op.inputs[0]].scale) * op.kernel.scale
        limits = np.iinfo(np.int32)
        integers = np.clip(np.rint(bias / steps), limits.min, limits.max).astype(np.int32)
        return self.file.constant(integers, Quantization(steps, np.zeros(len(steps))))

    def tensor(self, name: str, shape: ops.Shape, dtype: str = "float32") -> int:
        return self.file.tensor(name, (self.batch_size, *shape), dtype)

    def integer_tensor(self, name: str, shape: ops.Shape, grid: ops.UniformQuantize) -> int:
        """A tensor of 8-bit integers on a grid."""
        parameters = Quantization(np.array([grid.scale]), np.array([grid.zero_point]))
        return self.file.tensor(name, (self.batch_size, *shape), "int8" if grid.signed else "uint8", parameters)

    def packed_tensor(self, name: str, shape: ops.Shape) -> int:
        """A tensor for the bits of a value of this shape."""
        return self.tensor(name, (*shape[:-1], words_for(shape[-1])), "int32")

    def add(
        self, kind: str, *inputs: int, shape: ops.Shape, dtype: str = "float32", options: str = "", **fields: Any
    ) -> int:
        """Adds a builtin operator of one output and returns that.

        Args:
            shape: of the output.
            dtype: of the output; floats become integers where the operation computes in them.
            options: the table of its options in the schema, with the values ``fields``.
        """
        self._parts += 1
        name, version = f"{self._name}/{kind.lower()}_{self._parts}", 1
        if self.grid is not None and dtype == "float32":
            output, version = self.integer_tensor(name, shape, self.grid), INTEGER_VERSIONS.get(kind, 1)
        else:
            output = self.tensor(name, shape, dtype)
        self.file.builtin(kind, inputs, [output], options, version, **fields)
        return output

    def quantize(self, tensor: int, name: str, shape: ops.Shape) -> int:
        """Adds the packing of the signs of a float tensor."""
        packed = self.packed_tensor(name, shape)
        self.file.custom("LceQuantize", [tensor], [packed])
        return packed

    def reshape(self, tensor: int, shape: ops.Shape) -> int:
        """Adds a reshape, which is also the way to copy."""
        whole = (self.batch_size, *shape)
        target = self.constant(whole, np.int32)
        return self.add("RESHAPE", tensor, target, shape=shape, options="ReshapeOptions", newShape=list(whole))

    def fused_activation(self, op: ops.Op) -> int:
        """The number of the activation that the operator of ``op`` applies to its result; 0 is none."""
        activation = self.plan.activations.get(op.name)
        return 0 if activation is None else FUSED_ACTIVATIONS[activation.kind]

    def finish(self, op: ops.Op, tensor: int) -> None:
        """Makes ``tensor`` the value of ``op``, or of the activation that its operator applied."""
        result = self.plan.activations.get(op.name, op)
        if self.grid is None:
            self._values[result.name] = tensor
        else:
            self._integers[self.plan.roundings.get(op.name, result).name] = tensor
        if not isinstance(op, ops.Input):
            self.file.rename(tensor, result.name)

    def finish_integers(self, op: ops.UniformQuantize, tensor: int) -> None:
        """Makes ``tensor``, which holds integers on the grid of ``op``, the value of that."""
        self._integers[op.name] = tensor

    def finish_packed(self, op: ops.Op, tensor: int) -> None:
        """Makes the packed ``tensor`` the value of ``op``."""
        self._packed[op.name] = tensor
        self.file.rename(tensor, op.name)

"""What the writers of single operations see: tensors by the name of their value, and a file to add to."""

from __future__ import annotations

from typing import Any

import numpy as np

from larq_focal.network import ops
from larq_focal.network.graph import QuantGraph
from larq_focal.network.packing import words_for
from larq_focal.network.tflite.write.file import FlatFile
from larq_focal.network.tflite.write.plan import FUSED_ACTIVATIONS, Plan


class Emitter:
    """Adds operators to a file while the operations of ``graph`` pass by in their order.

    A value of plus and minus one may be in a packed tensor, in a float one, or in both: each is made when it is asked
    for. Shapes leave the batch axis out.
    """

    def __init__(self, graph: QuantGraph, plan: Plan, batch_size: int):
        self.graph = graph
        self.plan = plan
        self.batch_size = batch_size
        self.file = FlatFile()
        self.inputs: dict[str, int] = {}
        self._values: dict[str, int] = {}
        self._packed: dict[str, int] = {}
        self._name = ""
        self._parts = 0

    def begin(self, op: ops.Op) -> None:
        """Names what follows after ``op``."""
        self._name, self._parts = op.name, 0

    def value(self, name: str) -> int:
        """The float tensor of a value."""
        if name not in self._values:
            tensor = self._values[name] = self.tensor(f"{name}/dequantize", self.graph[name].shape)
            self.file.custom("LceDequantize", [self._packed[name]], [tensor])
        return self._values[name]

    def packed(self, name: str) -> int:
        """The tensor of packed bits of a value of plus and minus one."""
        if name not in self._packed:
            self._packed[name] = self.quantize(self._values[name], f"{name}/quantize", self.graph[name].shape)
        return self._packed[name]

    def constant(self, values: Any, dtype: type = np.float32) -> int:
        return self.file.constant(np.asarray(values, dtype))

    def tensor(self, name: str, shape: ops.Shape, dtype: str = "float32") -> int:
        return self.file.tensor(name, (self.batch_size, *shape), dtype)

    def packed_tensor(self, name: str, shape: ops.Shape) -> int:
        """A tensor for the bits of a value of this shape."""
        return self.tensor(name, (*shape[:-1], words_for(shape[-1])), "int32")

    def add(
        self, kind: str, *inputs: int, shape: ops.Shape, dtype: str = "float32", options: str = "", **fields: Any
    ) -> int:
        """Adds a builtin operator of one output and returns that.

        Args:
            shape: of the output.
            options: the table of its options in the schema, with the values ``fields``.
        """
        self._parts += 1
        output = self.tensor(f"{self._name}/{kind.lower()}_{self._parts}", shape, dtype)
        self.file.builtin(kind, inputs, [output], options, **fields)
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
        self._values[result.name] = tensor
        if not isinstance(op, ops.Input):
            self.file.rename(tensor, result.name)

    def finish_packed(self, op: ops.Op, tensor: int) -> None:
        """Makes the packed ``tensor`` the value of ``op``."""
        self._packed[op.name] = tensor
        self.file.rename(tensor, op.name)
